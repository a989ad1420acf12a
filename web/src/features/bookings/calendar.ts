import type { BookingWithEvent } from '@/lib/api/types'

// Events have no end time, but calendars need one.
const HOURS = 2

/** The booking as an iCalendar file (RFC 5545). */
export function calendarFile({ id, createdAt, event }: BookingWithEvent): string {
  const end = new Date(Date.parse(event.date) + HOURS * 3_600_000).toISOString()
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Boxoffice//Bookings//EN',
    'METHOD:PUBLISH',
    'BEGIN:VEVENT',
    `UID:${id}@boxoffice`,
    `DTSTAMP:${stamp(createdAt)}`,
    `DTSTART:${stamp(event.date)}`,
    `DTEND:${stamp(end)}`,
    `SUMMARY:${text(event.title)}`,
    `LOCATION:${text(event.venue)}`,
    `DESCRIPTION:${text(`${event.description}\n\nBooking ${id}`.trim())}`,
    `STATUS:${event.status === 'CANCELLED' ? 'CANCELLED' : 'CONFIRMED'}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ]
  return lines.map(fold).join('\r\n') + '\r\n'
}

function stamp(date: string): string {
  return new Date(date).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '')
}

function text(value: string): string {
  return value.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n')
}

// Lines have at most 75 bytes; longer ones continue after a line break and a space. Characters are
// not split.
function fold(line: string): string {
  const utf8 = new TextEncoder()
  let folded = ''
  let bytes = 0
  for (const character of line) {
    const size = utf8.encode(character).length
    if (bytes + size > 75) {
      folded += '\r\n '
      bytes = 1
    }
    folded += character
    bytes += size
  }
  return folded
}
