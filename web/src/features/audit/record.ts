import type { StreamRecord } from '@/lib/api/types'
import { texts } from './strings'

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The user who sent the command. */
export function actorOf(record: StreamRecord): string | undefined {
  const actor = text(record.metadata.actor)
  return actor && /[^0-]/.test(actor) ? actor : undefined // zeros: no user
}

/** What happened, in words. Users have no names in the log: the end of their id tells them apart. */
export function describeRecord({ type, data, metadata }: StreamRecord): string {
  const customer = text(data.customerId)
  const who = texts.record.customer(customer)
  const isOwn = customer === metadata.actor
  switch (type) {
    case 'EventScheduled':
      return texts.record.scheduled(Number(data.capacity))
    case 'DetailsChanged':
      return texts.record.details
    case 'CapacityChanged':
      return texts.record.capacity(Number(data.capacity))
    case 'EventCancelled':
      return texts.record.cancelled
    case 'TicketBooked':
      return isOwn ? texts.record.booked(who) : texts.record.bookedFor(who)
    case 'BookingCancelled':
      return isOwn ? texts.record.bookingCancelled(who) : texts.record.bookingCancelledFor(who)
    default: // of a later version of the program: "Waiting list joined"
      return type.replace(
        /([a-z])([A-Z])/g,
        (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`,
      )
  }
}
