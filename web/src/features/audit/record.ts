import type { StreamRecord } from '@/lib/api/types'
import { formatNumber, plural } from '@/lib/format'

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The user who sent the command. */
export function actorOf(record: StreamRecord): string | undefined {
  const actor = text(record.metadata.actor)
  return actor && /[^0-]/.test(actor) ? actor : undefined // zeros: no user
}

/** What happened, in words. Unknown record types are shown by their name. */
export function describeRecord({ type, data, metadata }: StreamRecord): string {
  const customer = text(data.customerId)
  const forOther = customer && customer !== metadata.actor ? ` for ${customer}` : ''
  switch (type) {
    case 'EventScheduled':
      return `Scheduled the event with ${plural(Number(data.capacity), 'ticket')}`
    case 'DetailsChanged':
      return 'Changed the details of the event'
    case 'CapacityChanged':
      return `Changed the number of tickets to ${formatNumber(Number(data.capacity))}`
    case 'EventCancelled':
      return 'Cancelled the event'
    case 'TicketBooked':
      return `Booked a ticket${forOther}`
    case 'BookingCancelled':
      return `Cancelled a booking${forOther}`
    default:
      return type
  }
}
