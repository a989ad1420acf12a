import type { Event } from '@/lib/api/types'
import { formatNumber } from '@/lib/format'
import { availabilityOf } from '../availability'
import { availability as text } from '../strings'

const bars = { good: 'bg-good-fill', warn: 'bg-warn-fill', bad: 'bg-bad-fill', off: 'bg-off' }

/** The share of tickets sold, as a bar and in words. */
export function AvailabilityMeter({ event }: { event: Event }) {
  const { level } = availabilityOf(event)
  const share = event.totalTickets > 0 ? event.remainingTickets / event.totalTickets : 0
  return (
    <div className="grid gap-2">
      <div
        role="meter"
        aria-label={text.label}
        aria-valuemin={0}
        aria-valuemax={event.totalTickets}
        aria-valuenow={event.remainingTickets}
        aria-valuetext={text.share(event.remainingTickets, event.totalTickets)}
        className="h-2.5 overflow-hidden rounded-full bg-off-wash"
      >
        <div
          className={`h-full w-full origin-left rounded-full transition-transform duration-300 ${bars[level]}`}
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <p className="text-sm text-soft">
        <span className="font-semibold text-ink">{formatNumber(event.remainingTickets)}</span> of{' '}
        <span>{formatNumber(event.totalTickets)}</span> {text.leftOf(event.totalTickets)}
      </p>
    </div>
  )
}
