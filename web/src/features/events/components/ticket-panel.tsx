import type { ReactNode } from 'react'
import type { Event } from '@/lib/api/types'
import { formatPrice } from '@/lib/format'
import { details as text } from '../strings'
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
  return (
    <aside aria-label={text.tickets} className="grid gap-5 rounded-ticket border bg-card p-5 sm:p-6">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="type-display text-3xl">{formatPrice(event.price, event.currency)}</span>
        {event.price > 0 && <span className="text-soft">{text.each}</span>}
      </p>
      <AvailabilityMeter event={event} />
      {action}
      {status}
      {tools}
    </aside>
  )
}
