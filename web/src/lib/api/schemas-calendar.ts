// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const CalendarFeed: GenericSchema<Schemas['CalendarFeed']> = object({
  createdAt: string(),
  kind: picklist(["bookings","events"]),
  path: optional(string()),
})

export const CalendarFeedList: GenericSchema<Schemas['CalendarFeedList']> = object({
  data: array(CalendarFeed),
})
