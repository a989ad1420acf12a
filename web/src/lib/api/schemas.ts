// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, nullable, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const TicketType: GenericSchema<Schemas['TicketType']> = object({
  capacity: optional(number()),
  id: number(),
  name: string(),
  price: number(),
  remaining: number(),
})

export const Event: GenericSchema<Schemas['Event']> = object({
  category: string(),
  currency: string(),
  date: string(),
  description: string(),
  endsAt: nullable(string()),
  id: string(),
  image: nullable(object({
  height: number(),
  url: string(),
  width: number(),
})),
  maxPerCustomer: number(),
  organizerName: string(),
  price: number(),
  remainingTickets: number(),
  requireProofOfWork: boolean(),
  saleClosesAt: optional(string()),
  saleOpensAt: optional(string()),
  status: picklist(["SCHEDULED","CANCELLED","DRAFT"]),
  ticketTypes: array(TicketType),
  timeZone: string(),
  title: string(),
  totalTickets: number(),
  venue: string(),
  version: number(),
})

export const PageMeta: GenericSchema<Schemas['PageMeta']> = object({
  limit: number(),
  next: optional(string()),
  page: number(),
  total: number(),
  totalPages: number(),
})

export const EventPage: GenericSchema<Schemas['EventPage']> = object({
  data: array(Event),
  meta: PageMeta,
})

export const UploadedImage: GenericSchema<Schemas['UploadedImage']> = object({
  height: number(),
  id: string(),
  url: string(),
  width: number(),
})

export const TicketLine: GenericSchema<Schemas['TicketLine']> = object({
  price: optional(number()),
  quantity: number(),
  ticketTypeId: number(),
})

export const TicketCode: GenericSchema<Schemas['TicketCode']> = object({
  code: string(),
  number: number(),
  ticketTypeId: number(),
})

export const BookingWithEvent: GenericSchema<Schemas['BookingWithEvent']> = object({
  cancelReason: optional(string()),
  cancelledAt: optional(string()),
  createdAt: string(),
  currency: optional(string()),
  event: Event,
  eventId: string(),
  id: string(),
  lines: array(TicketLine),
  status: picklist(["CONFIRMED","CANCELLED"]),
  tickets: optional(nullable(array(TicketCode))),
  userId: string(),
})

export const BookingMeta: GenericSchema<Schemas['BookingMeta']> = object({
  limit: number(),
  next: optional(string()),
})

export const BookingList: GenericSchema<Schemas['BookingList']> = object({
  data: array(BookingWithEvent),
  meta: BookingMeta,
})

export const Booking: GenericSchema<Schemas['Booking']> = object({
  cancelReason: optional(string()),
  cancelledAt: optional(string()),
  createdAt: string(),
  currency: optional(string()),
  eventId: string(),
  id: string(),
  lines: array(TicketLine),
  status: picklist(["CONFIRMED","CANCELLED"]),
  userId: string(),
})

export const EventSummary: GenericSchema<Schemas['EventSummary']> = object({
  id: string(),
  remainingTickets: number(),
  title: string(),
  version: number(),
})

export const BookingChange: GenericSchema<Schemas['BookingChange']> = object({
  booking: Booking,
  event: EventSummary,
})
