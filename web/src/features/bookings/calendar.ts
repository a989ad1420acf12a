import { createEvent } from 'ics'
import type { BookingWithEvent } from '@/lib/api/types'
import { strings } from './wallet-strings'
import { ticketNumber } from './ticket-number'
import { endOf } from './when'

/** The booking as an iCalendar file, named after its event. */
export function calendarFile(booking: BookingWithEvent): File {
  const { id, event } = booking
  const { value, error } = createEvent({
    productId: '-//Boxoffice//Bookings//EN',
    method: 'PUBLISH',
    uid: `${id}@boxoffice`,
    // A newer file replaces the entry of an older one.
    sequence: event.version,
    lastModified: Date.now(), // what it says is as of now, as is DTSTAMP
    start: Date.parse(event.date),
    end: endOf(booking),
    title: printable(event.title),
    location: printable(event.venue),
    description: printable(`${event.description}\n\n${strings.calendar.ticket(ticketNumber(id))}`.trim()),
    status: event.status === 'CANCELLED' ? 'CANCELLED' : 'CONFIRMED',
  })
  if (!value) throw error ?? new Error('an empty calendar file')
  const name = event.title.replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
  return new File([value], `${name}.ics`, { type: 'text/calendar;charset=utf-8' })
}

/** Control characters are not allowed in calendar files. */
const printable = (text: string): string => text.replace(/(?!\n)\p{Cc}/gu, '')
