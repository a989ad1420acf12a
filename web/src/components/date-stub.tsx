import type { Event } from '@/lib/api/types'
import { stubParts } from '@/lib/format'

/**
 * The stub of a ticket, with the day in large type; empty while the event is not loaded. It is
 * hidden from screen readers, because the full date is beside it.
 */
export function DateStub({ event }: { event?: Pick<Event, 'date' | 'timeZone'> }) {
  const { weekday, day, month, year } = event
    ? stubParts(event.date, event.timeZone)
    : { weekday: '', day: '', month: '', year: '' }
  return (
    <div
      aria-hidden
      data-slot="date-stub"
      className="flex w-(--tear) shrink-0 flex-col items-center justify-center rounded-l-ticket bg-stub py-4 text-center"
    >
      <span className="type-label h-4">{weekday}</span>
      <span className="type-display h-10 text-[2.5rem] sm:h-12 sm:text-5xl">{day}</span>
      <span className="type-label mt-1 h-4">{month}</span>
      <span className="type-label h-4 opacity-75">{year}</span>
    </div>
  )
}
