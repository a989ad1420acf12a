import { createEvent } from 'ics'
import type { BookingWithEvent } from '@/lib/api/types'

// Events have no end time, but calendars need one.
const HOURS = 2

/** The booking as an iCalendar file, named after its event. */
export function calendarFile({ id, event }: BookingWithEvent): File {
  const { value, error } = createEvent({
    productId: '-//Boxoffice//Bookings//EN',
    method: 'PUBLISH',
    uid: `${id}@boxoffice`,
    sequence: event.version, // a newer file replaces the entry of an older one
    start: Date.parse(event.date),
    duration: { hours: HOURS },
    title: printable(event.title),
    location: printable(event.venue),
    description: printable(`${event.description}\n\nBooking ${id}`.trim()),
    status: event.status === 'CANCELLED' ? 'CANCELLED' : 'CONFIRMED',
  })
  if (!value) throw error ?? new Error('an empty calendar file')
  const name = event.title.replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
  return new File([value], `${name}.ics`, { type: 'text/calendar;charset=utf-8' })
}

/** Control characters are not allowed in calendar files. */
const printable = (text: string): string => text.replace(/(?!\n)\p{Cc}/gu, '')
