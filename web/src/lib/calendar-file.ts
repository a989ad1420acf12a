import { createEvent } from 'ics'
import type { Event } from '@/lib/api/types'
import { endOf } from '@/lib/event-end'

/** The event as an iCalendar file, named after it. The same `uid` replaces the entry of an older file. */
export function calendarFile(event: Event, { uid, note = '' }: { uid: string; note?: string }): File {
  const { value, error } = createEvent({
    productId: '-//Boxoffice//EN',
    method: 'PUBLISH',
    uid: `${uid}@boxoffice`,
    // A newer file replaces the entry of an older one.
    sequence: event.version,
    lastModified: Date.now(), // what it says is as of now, as is DTSTAMP
    start: Date.parse(event.date),
    end: endOf(event), // calendars need one
    title: printable(event.title),
    location: printable(event.venue),
    description: printable(`${event.description}\n\n${note}`.trim()),
    status: event.status === 'CANCELLED' ? 'CANCELLED' : 'CONFIRMED',
  })
  if (!value) throw error ?? new Error('an empty calendar file')
  const name = event.title.replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
  return new File([value], `${name}.ics`, { type: 'text/calendar;charset=utf-8' })
}

/** Control characters are not allowed in calendar files. */
const printable = (text: string): string => text.replace(/(?!\n)\p{Cc}/gu, '')
