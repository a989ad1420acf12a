'use client'

import { cx } from 'class-variance-authority'
import { MapPin } from 'lucide-react'
import Link from 'next/link'
import { memo, type ReactNode } from 'react'
import { DateTime } from '@/components/date-time'
import type { Event } from '@/lib/api/types'
import { formatPrice, formatWeekday, zoneName } from '@/lib/format'
import { paths } from '@/lib/paths'
import { lowestPrice } from '@/lib/sale'
import { sameOffset, viewerZone } from '@/lib/time-zone'
import { availabilityOf } from '../availability'
import { list as text } from '../strings'
import { AvailabilityBadge } from './availability-badge'
import { EventImage } from './event-image'

export const cardClass = 'flex min-w-0 flex-col rounded-ticket border bg-card'

/**
 * An event as a ticket: what it is, and a stub with the price. Of a change of one event, only its
 * card renders again.
 */
export const EventCard = memo(function EventCard({
  event,
  isFirst,
  action,
}: {
  event: Event
  isFirst?: boolean
  action: (event: Event) => ReactNode
}) {
  const { date, timeZone } = event
  const { lowest, isVaried } = lowestPrice(event)
  return (
    <article data-slot="event-card" aria-labelledby={`event-${event.id}`} className={cardClass}>
      <div className="group relative grow overflow-hidden rounded-t-[calc(var(--radius-ticket)-1px)]">
        <EventImage
          event={event}
          isFirst={isFirst}
          className={cx('max-sm:aspect-5/2', availabilityOf(event).level === 'off' && 'opacity-60 grayscale')}
        />
        <div className="grid gap-1.5 p-4">
          <h2 id={`event-${event.id}`} className="type-display text-xl">
            {/* The whole upper part is the link. */}
            <Link
              href={paths.event(event.id)}
              prefetch={false}
              className="group-hover:underline group-hover:decoration-2 group-hover:underline-offset-4 after:absolute after:inset-0"
            >
              <bdi>{event.title}</bdi>
            </Link>
          </h2>
          <p className="text-sm font-medium">
            <span>{formatWeekday(date, timeZone)}, </span>
            <DateTime at={date} timeZone={timeZone} />
            {!sameOffset(date, timeZone, viewerZone()) && (
              <span className="whitespace-nowrap text-soft"> {zoneName(date, timeZone)}</span>
            )}
          </p>
          <p className="flex items-start gap-1.5 text-sm text-soft">
            <MapPin aria-hidden className="mt-0.5 size-4 shrink-0" />
            <bdi className="line-clamp-2">{event.venue}</bdi>
          </p>
        </div>
      </div>
      <Stub>
        <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1.5">
          <AvailabilityBadge event={event} />
          <p className="flex items-baseline gap-x-1.5">
            {isVaried && <span className="text-sm text-soft">{text.from}</span>}
            <span className="type-display text-xl">{formatPrice(lowest, event.currency)}</span>
          </p>
        </div>
        {action(event)}
      </Stub>
    </article>
  )
})

/** The part of a ticket that is torn off. */
export function Stub({ children }: { children: ReactNode }) {
  return <div className="stub flex flex-col gap-3">{children}</div>
}
