import type { DeskListedEvent } from '@/lib/api/types'
import { formatNumber } from '@/lib/format'
import { counts as text } from '../strings'

type Counted = Pick<DeskListedEvent, 'capacity' | 'sold' | 'held' | 'waiting' | 'checkedIn'>

/** What has become of the tickets of an event. */
export function Counts({ event }: { event: Counted }) {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-4">
      <Count name={text.sold} n={event.sold} hint={text.of(event.capacity)} />
      <Count name={text.checkedIn} n={event.checkedIn} hint={text.of(event.sold)} />
      <Count name={text.held} n={event.held} hint={text.heldHint} />
      <Count name={text.waiting} n={event.waiting} hint={text.waitingHint} />
    </dl>
  )
}

function Count({ name, n, hint }: { name: string; n: number; hint: string }) {
  return (
    <div className="min-w-0">
      <dt className="type-label text-soft">{name}</dt>
      <dd>
        <span className="type-display text-3xl">{formatNumber(n)}</span>{' '}
        <span className="text-sm whitespace-nowrap text-soft">{hint}</span>
      </dd>
    </div>
  )
}

/** The same in one line, for lists. */
export function CountsLine({ event }: { event: Counted }) {
  const shown = [
    [text.sold, `${formatNumber(event.sold)} ${text.of(event.capacity)}`],
    [text.checkedIn, formatNumber(event.checkedIn)],
    [text.held, formatNumber(event.held)],
    [text.waiting, formatNumber(event.waiting)],
  ] as const
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-1.5 sm:grid-cols-[9rem_repeat(3,7rem)]">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt className="type-label text-soft">{name}</dt>
          <dd className="font-semibold">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
