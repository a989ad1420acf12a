import { cx } from 'class-variance-authority'
import type { Event } from '@/lib/api/types'
import { distanceParts } from '@/lib/format'

const hues = [190, 235, 266, 300, 345]

/**
 * The stub of a ticket: in large type, how far away the event is, and a colour to tell events
 * apart, gray if the ticket is `isVoid`; empty while the event is not loaded. It is hidden from
 * screen readers, because the date is beside it.
 */
export function DateStub({
  event,
  isVoid,
}: {
  event?: Pick<Event, 'id' | 'date' | 'timeZone'>
  isVoid?: boolean
}) {
  const [before, count, unit, after] = event ? distanceParts(event.date, event.timeZone) : []
  const hue = event && hues[Number.parseInt(event.id.slice(-4), 16) % hues.length]
  return (
    <div
      aria-hidden
      data-slot="date-stub"
      className={cx(
        'flex w-(--tear) shrink-0 flex-col items-center justify-center rounded-l-ticket py-4 text-center',
        isVoid ? 'bg-off-wash text-off' : 'bg-stub',
      )}
      style={hue === undefined || isVoid ? undefined : { background: `oklch(var(--stub-tone) ${hue})` }}
    >
      <span className="type-label h-4">{before}</span>
      <span className="type-display h-10 text-4xl sm:h-12 sm:text-5xl">{count}</span>
      <span className="type-label h-4">{unit}</span>
      <span className="type-label h-4">{after}</span>
    </div>
  )
}
