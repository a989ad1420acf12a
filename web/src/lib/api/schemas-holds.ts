// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const TicketLine: GenericSchema<Schemas['TicketLine']> = object({
  price: optional(number()),
  quantity: number(),
  ticketTypeId: number(),
})

export const Hold: GenericSchema<Schemas['Hold']> = object({
  currency: string(),
  eventId: string(),
  expiresAt: string(),
  id: string(),
  lines: array(TicketLine),
  offered: boolean(),
  status: picklist(["HELD","CONFIRMED","RELEASED","LAPSED"]),
  total: number(),
})

export const HoldList: GenericSchema<Schemas['HoldList']> = object({
  data: array(Hold),
})

export const WaitlistEntry: GenericSchema<Schemas['WaitlistEntry']> = object({
  eventId: string(),
  id: string(),
  joinedAt: string(),
  lines: array(TicketLine),
  place: optional(number()),
  status: picklist(["WAITING","OFFERED","CONFIRMED","DECLINED","LAPSED","LEFT"]),
})

export const WaitlistEntries: GenericSchema<Schemas['WaitlistEntries']> = object({
  data: array(WaitlistEntry),
})
