import type { StreamRecord } from '@/lib/api/types'
import { texts } from './strings'

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The user who sent the command. */
export function actorOf(record: StreamRecord): string | undefined {
  const actor = text(record.metadata.actor)
  return actor && /[^0-]/.test(actor) ? actor : undefined // zeros: no user
}

/** How many tickets lines are; a record without lines is about one. */
export const quantityOf = (lines: unknown): number =>
  Array.isArray(lines)
    ? lines.reduce((sum: number, line: { quantity?: unknown }) => sum + (Number(line.quantity) || 0), 0)
    : 1

/** What happened, in words. Users have no names in the log: the end of their id tells them apart. */
export function describeRecord({ type, data, metadata }: StreamRecord): string {
  const customer = text(data.customerId)
  const who = texts.record.customer(customer)
  const isOwn = customer === metadata.actor
  const n = quantityOf(data.lines)
  switch (type) {
    case 'EventScheduled':
      return texts.record[data.draft === true ? 'drafted' : 'scheduled'](Number(data.capacity))
    case 'EventPublished':
      return texts.record.published
    case 'DetailsChanged':
      return texts.record.details
    case 'CapacityChanged':
      return texts.record.capacity(Number(data.capacity))
    case 'EventCancelled':
      return texts.record.cancelled
    case 'TicketBooked':
      return isOwn ? texts.record.booked(who, n) : texts.record.bookedFor(who, n)
    case 'BookingCancelled':
      return isOwn ? texts.record.bookingCancelled(who) : texts.record.bookingCancelledFor(who)
    case 'TicketsHeld':
      return Array.isArray(data.before) ? texts.record.heldAgain(who, n) : texts.record.held(who, n)
    case 'HoldConfirmed':
      return data.offered === true ? texts.record.accepted(who, n) : texts.record.confirmed(who, n)
    case 'HoldReleased':
      return texts.record.released(who, n)
    case 'HoldLapsed':
      return texts.record.lapsed(who, n)
    case 'WaitlistJoined':
      return texts.record.joined(who, n)
    case 'WaitlistLeft':
      return texts.record.left(who)
    case 'TicketsOffered':
      return texts.record.offered(who, n)
    case 'OfferDeclined':
      return texts.record.declined(who, n)
    case 'OfferLapsed':
      return texts.record.offerLapsed(who, n)
    case 'TicketCheckedIn':
      return texts.record.checkedIn
    case 'CheckInUndone':
      return texts.record.checkInUndone
    case 'OrganizerAdded':
      return texts.record.organizerAdded(texts.record.user(text(data.userId)))
    case 'OrganizerRemoved':
      return texts.record.organizerRemoved(texts.record.user(text(data.userId)))
    case 'MessageSent':
      return texts.record.messageSent(Number(data.recipients))
    default: // of a later version of the program: "Waiting list joined"
      return type.replace(
        /([a-z])([A-Z])/g,
        (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`,
      )
  }
}
