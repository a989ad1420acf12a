import {
  literal,
  number,
  object,
  optional,
  parseJson,
  picklist,
  pipe,
  safeParse,
  string,
  variant,
  type InferOutput,
} from 'valibot'

const position = { position: number() }
const bookingSchema = object({
  type: literal('booking'),
  bookingId: string(),
  eventId: string(),
  status: picklist(['CONFIRMED', 'CANCELLED']),
  logPosition: number(),
  ...position,
})
const holdSchema = object({
  type: picklist(['hold', 'waitlist']),
  eventId: string(),
  place: optional(number()),
  logPosition: optional(number()), // absent when only the place has changed
  ...position,
})
const frameSchema = variant('type', [
  bookingSchema,
  object({ type: literal('ready'), heartbeatSeconds: number(), ...position }),
  object({
    type: literal('event'),
    eventId: string(),
    version: number(),
    remainingTickets: number(),
    totalTickets: number(),
    status: picklist(['DRAFT', 'SCHEDULED', 'CANCELLED']),
    ...position,
  }),
  holdSchema,
  object({ type: literal('heartbeat'), ...position }),
  object({ type: literal('reset'), ...position }),
])

const messageSchema = pipe(string(), parseJson(), frameSchema)

export type Frame = InferOutput<typeof frameSchema>

/** A booking of this user was made or cancelled, by whatever client. */
export type BookingFrame = InferOutput<typeof bookingSchema>

/** A hold or an offer of this user, or a place on a waiting list, has changed. */
export type HoldFrame = InferOutput<typeof holdSchema>

/** A message of the server; undefined when it is not understood. */
export function readFrame(data: unknown): Frame | undefined {
  const { success, output } = safeParse(messageSchema, data)
  return success ? output : undefined
}
