'use client'

import { memo, type ReactNode } from 'react'
import { TicketHeading } from '@/components/ticket-heading'
import type { Event } from '@/lib/api/types'
import { formatPrice, stubParts } from '@/lib/format'
import { useLiveEvent } from '@/lib/live/store'
import { AvailabilityBadge } from './availability-badge'
import { DateStub } from './date-stub'

/**
 * An event as a ticket. It subscribes to its own counts, so that a change renders this card only.
 */
export const EventCard = memo(function EventCard({
  event: fetched,
  action,
}: {
  event: Event
  action: (event: Event) => ReactNode
}) {
  const event = useLiveEvent(fetched)
  return (
    <article data-slot="event-card" aria-labelledby={`event-${event.id}`} className="ticket flex">
      <DateStub {...stubParts(event.date, event.timeZone)} />
      <div className="flex min-w-0 grow flex-col gap-3 p-4 pl-5">
        <TicketHeading as="h2" id={`event-${event.id}`} event={event} />
        <div className="mt-auto flex items-center justify-between gap-3">
          <AvailabilityBadge event={event} />
          <span className="type-display text-lg">{formatPrice(event.price, event.currency)}</span>
        </div>
        {action(event)}
      </div>
      <span aria-hidden className="ticket-edge" />
    </article>
  )
})
