// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, nullable, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const DoorCheckIn: GenericSchema<Schemas['DoorCheckIn']> = object({
  at: string(),
  by: string(),
  number: number(),
  ticketTypeId: number(),
})

export const DoorBooking: GenericSchema<Schemas['DoorBooking']> = object({
  cancelled: optional(boolean()),
  checkIns: optional(nullable(array(DoorCheckIn))),
  id: string(),
  name: string(),
})

export const DoorTicketType: GenericSchema<Schemas['DoorTicketType']> = object({
  id: number(),
  name: string(),
})

export const DoorList: GenericSchema<Schemas['DoorList']> = object({
  bookings: array(DoorBooking),
  cancelled: boolean(),
  checkedIn: number(),
  eventId: string(),
  keepUntil: string(),
  sold: number(),
  ticketTypes: array(DoorTicketType),
  title: string(),
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

export const DeskTurnover: GenericSchema<Schemas['DeskTurnover']> = object({
  amount: optional(number()),
  currency: optional(string()),
  ticketTypeId: number(),
  tickets: number(),
})

export const DeskTicketType: GenericSchema<Schemas['DeskTicketType']> = object({
  capacity: optional(number()),
  currency: string(),
  id: number(),
  name: string(),
  price: number(),
  taken: number(),
})

export const DeskEvent: GenericSchema<Schemas['DeskEvent']> = object({
  capacity: number(),
  checkedIn: number(),
  date: string(),
  draft: boolean(),
  held: number(),
  id: string(),
  revenue: optional(array(DeskTurnover)),
  role: picklist(["owner","admin","manage","sell","check_in"]),
  sold: number(),
  status: picklist(["SCHEDULED","CANCELLED","DRAFT"]),
  ticketTypes: array(DeskTicketType),
  timeZone: string(),
  title: string(),
  venue: string(),
  waiting: number(),
})

export const TicketKey: GenericSchema<Schemas['TicketKey']> = object({
  crv: string(),
  kty: string(),
  use: string(),
  x: string(),
})

export const TicketKeys: GenericSchema<Schemas['TicketKeys']> = object({
  keys: array(TicketKey),
})

export const FieldProblem: GenericSchema<Schemas['FieldProblem']> = object({
  detail: string(),
  pointer: string(),
})

export const Problem: GenericSchema<Schemas['Problem']> = object({
  checkedInAt: optional(string()),
  checkedInBy: optional(string()),
  code: string(),
  detail: string(),
  errors: optional(nullable(array(FieldProblem))),
  requestId: optional(string()),
  saleOpensAt: optional(string()),
  scope: optional(string()),
  status: number(),
  title: string(),
  type: string(),
  waitlist: optional(boolean()),
})
