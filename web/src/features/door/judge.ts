import type { DoorData } from './kept-list'
import type { Scan } from './scans'
import { isGenuine, nameOf, readCode, type Ticket } from './ticket-code'

export const refusals = [
  'already_checked_in',
  'not_this_event',
  'booking_cancelled',
  'event_cancelled',
  'invalid_code',
] as const
export type Refusal = (typeof refusals)[number]

type Judgement =
  | { refusal: Exclude<Refusal, 'already_checked_in'> }
  /** Genuine. The list may know it as admitted: at a time in milliseconds since 1970, and by whom. */
  | { ticket: Ticket; listed?: { at: number; by: string } }

/** Judges a code without the server, in the server's order. */
export function judge(code: string, { list, keys }: DoorData): Judgement {
  const ticket = readCode(code)
  if (!ticket || !isGenuine(code, keys)) return { refusal: 'invalid_code' }
  if (ticket.eventId !== list.eventId) return { refusal: 'not_this_event' }
  if (list.cancelled) return { refusal: 'event_cancelled' }
  const booking = bookingOf(list, ticket.bookingId)
  if (booking?.cancelled) return { refusal: 'booking_cancelled' }
  const checkIn = booking?.checkIns?.find((c) => c.ticketTypeId === ticket.type && c.number === ticket.number)
  return { ticket, listed: checkIn && { at: Date.parse(checkIn.at), by: checkIn.by } }
}

const bookingOf = (list: DoorData['list'], id: string) => list.bookings.find((b) => b.id === id)

/** What the list says about the holder of a ticket; nothing of a booking that was made later. */
export function describe(list: DoorData['list'] | undefined, ticket: Ticket | undefined) {
  const booking = ticket && list && bookingOf(list, ticket.bookingId)
  const type = ticket && list?.ticketTypes.find(({ id }) => id === ticket.type)
  return { name: booking?.name ?? '', type: type?.name ?? '', number: ticket?.number }
}

/** The tickets that the list knows as admitted, with the names of who let them in. */
function admittedOf(list: DoorData['list']): Map<string, string> {
  const admitted = new Map<string, string>()
  for (const { id, checkIns } of list.bookings)
    for (const { ticketTypeId, number, by } of checkIns ?? [])
      admitted.set(nameOf({ bookingId: id, type: ticketTypeId, number }), by)
  return admitted
}

/** By whom a ticket is admitted, as the list knows. */
export const admittedBy = (list: DoorData['list'] | undefined, name: string): string =>
  (list && admittedOf(list).get(name)) ?? ''

/** How many are admitted, by the list and by what this device has learned since. */
export function countAdmitted(list: DoorData['list'], scans: readonly Scan[]): number {
  const admitted = new Set(admittedOf(list).keys())
  for (const { eventId, ticket, state } of scans)
    if (eventId === list.eventId) {
      if (state === 'free') admitted.delete(ticket)
      else if (state !== 'refused') admitted.add(ticket)
    }
  return admitted.size
}
