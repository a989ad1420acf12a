'use client'

import { memo, type ReactNode } from 'react'
import { DateStub } from '@/components/date-stub'
import { TicketHeading } from '@/components/ticket-heading'
import type { Event } from '@/lib/api/types'
import { formatPrice } from '@/lib/format'
import { AvailabilityBadge } from './availability-badge'

/**
 * An event as a ticket. Of a change of one event, only its card renders again.
 */
export const EventCard = memo(function EventCard({
  event,
  action,
}: {
  event: Event
  action: (event: Event) => ReactNode
}) {
  return (
    <article data-slot="event-card" aria-labelledby={`event-${event.id}`} className="ticket flex">
      <DateStub event={event} />
      <div className="flex min-w-0 grow flex-col gap-3 p-4 pl-5">
        <TicketHeading as="h2" id={`event-${event.id}`} event={event} />
        <div className="mt-auto flex flex-wrap items-center justify-between gap-x-3 gap-y-1.5">
          <AvailabilityBadge event={event} />
          <span className="type-display text-lg">{formatPrice(event.price, event.currency)}</span>
        </div>
        {action(event)}
      </div>
      <span aria-hidden className="ticket-edge" />
    </article>
  )
})
