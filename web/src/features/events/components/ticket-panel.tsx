'use client'

import type { ReactNode } from 'react'
import type { Event } from '@/lib/api/types'
import { formatDateTime, formatPrice, zoneName } from '@/lib/format'
import { lowestPrice, useSale } from '@/lib/sale'
import { details as text } from '../details-strings'
import { list } from '../strings'
import { AvailabilityMeter } from './availability-meter'

/** What an event costs, how much is left, and the way to book it. */
export function TicketPanel({
  event,
  action,
  status,
  tools,
}: {
  event: Event
  action: ReactNode
  status: ReactNode
  tools?: ReactNode
}) {
  const { lowest, isVaried } = lowestPrice(event)
  const { phase } = useSale(event)
  return (
    <aside
      id="tickets"
      aria-label={text.tickets}
      className="grid scroll-mt-40 gap-5 rounded-ticket border bg-card p-5 sm:p-6"
    >
      <p className="flex flex-wrap items-baseline gap-x-2">
        {isVaried && <span className="text-soft">{list.from}</span>}
        <span className="type-display text-3xl">{formatPrice(lowest, event.currency)}</span>
        {!isVaried && lowest > 0 && <span className="text-soft">{text.each}</span>}
      </p>
      <AvailabilityMeter event={event} />
      <SaleWindow event={event} />
      {action}
      {phase !== 'begun' && phase !== 'cancelled' && status}
      {tools}
    </aside>
  )
}

/** From when, or until when, tickets are sold, where the organizer has said so. */
function SaleWindow({ event: { timeZone, ...event } }: { event: Event }) {
  const { phase } = useSale(event)
  const [words, at] =
    phase === 'not_open'
      ? [text.opens, event.saleOpensAt]
      : phase === 'closed'
        ? [text.closed, event.saleClosesAt]
        : [text.closes, phase === 'open' ? event.saleClosesAt : undefined]
  if (phase === 'draft') return <p className="rounded-md bg-off-wash px-3.5 py-3 font-medium">{text.draft}</p>
  if (!at) return null
  return (
    <p>
      {words}{' '}
      <time dateTime={at} className="font-semibold">
        {formatDateTime(at, timeZone)}
      </time>{' '}
      <span className="whitespace-nowrap text-soft">{zoneName(at, timeZone)}</span>
    </p>
  )
}
