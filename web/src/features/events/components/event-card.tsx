'use client'

import { MapPin } from 'lucide-react'
import Link from 'next/link'
import { memo, type ReactNode } from 'react'
import type { Event } from '@/lib/api/types'
import { formatDateTime, formatPrice, sameClock, stubParts, viewerZone, zoneName } from '@/lib/format'
import { useLiveEvent } from '@/lib/live/store'
import { paths } from '@/lib/paths'
import { AvailabilityBadge } from './availability-badge'
import { DateStub } from './date-stub'

/** An event as a ticket. It follows its own counts, so that a change renders this card and no other. */
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
        <div className="grid gap-1.5">
          <h2 id={`event-${event.id}`} className="type-display text-[1.375rem]">
            <Link
              href={paths.event(event.id)}
              prefetch={false}
              className="rounded-sm hover:underline hover:decoration-2 hover:underline-offset-4"
            >
              {event.title}
            </Link>
          </h2>
          <p className="text-sm text-soft">
            <time dateTime={event.date}>{formatDateTime(event.date, event.timeZone)}</time>
            {!sameClock(event.date, event.timeZone, viewerZone()) && (
              <> {zoneName(event.date, event.timeZone)}</>
            )}
          </p>
          <p className="flex items-center gap-1.5 text-sm text-soft">
            <MapPin aria-hidden className="size-4 shrink-0" />
            <span className="truncate">{event.venue}</span>
          </p>
        </div>
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
