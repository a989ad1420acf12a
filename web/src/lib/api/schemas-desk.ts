// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const DeskListedEvent: GenericSchema<Schemas['DeskListedEvent']> = object({
  capacity: number(),
  checkedIn: number(),
  date: string(),
  draft: boolean(),
  held: number(),
  id: string(),
  role: picklist(["owner","admin","manage","sell","check_in"]),
  sold: number(),
  status: picklist(["SCHEDULED","CANCELLED","DRAFT"]),
  timeZone: string(),
  title: string(),
  venue: string(),
  waiting: number(),
})

export const DeskEventMeta: GenericSchema<Schemas['DeskEventMeta']> = object({
  limit: number(),
  next: optional(string()),
  total: number(),
})

export const DeskEventList: GenericSchema<Schemas['DeskEventList']> = object({
  data: array(DeskListedEvent),
  meta: DeskEventMeta,
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

export const SalesOfATime: GenericSchema<Schemas['SalesOfATime']> = object({
  at: string(),
  bookings: number(),
  cancelled: number(),
  returned: array(DeskTurnover),
  sold: array(DeskTurnover),
})

export const SalesList: GenericSchema<Schemas['SalesList']> = object({
  data: array(SalesOfATime),
  from: string(),
  interval: picklist(["minute","hour","day"]),
  timeZone: string(),
})
