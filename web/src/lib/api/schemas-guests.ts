// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, nullable, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const AttendeeTicket: GenericSchema<Schemas['AttendeeTicket']> = object({
  checkedInAt: nullable(string()),
  number: number(),
  ticketTypeId: number(),
})

export const Attendee: GenericSchema<Schemas['Attendee']> = object({
  bookedAt: string(),
  bookingId: string(),
  cancelledAt: optional(string()),
  customerId: string(),
  email: string(),
  name: string(),
  status: picklist(["CONFIRMED","CANCELLED"]),
  tickets: array(AttendeeTicket),
})

export const BookingMeta: GenericSchema<Schemas['BookingMeta']> = object({
  limit: number(),
  next: optional(string()),
})

export const AttendeeList: GenericSchema<Schemas['AttendeeList']> = object({
  data: array(Attendee),
  meta: BookingMeta,
})

export const CheckedTicket: GenericSchema<Schemas['CheckedTicket']> = object({
  bookingId: string(),
  checkedIn: number(),
  checkedInAt: nullable(string()),
  customerId: string(),
  name: string(),
  number: number(),
  sold: number(),
  ticketType: string(),
  ticketTypeId: number(),
})

export const MessageSender: GenericSchema<Schemas['MessageSender']> = object({
  name: string(),
  userId: string(),
})

export const Message: GenericSchema<Schemas['Message']> = object({
  recipients: number(),
  sentAt: string(),
  sentBy: MessageSender,
  subject: string(),
  text: string(),
})

export const MessageList: GenericSchema<Schemas['MessageList']> = object({
  data: array(Message),
})
