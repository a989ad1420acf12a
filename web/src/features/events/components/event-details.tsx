'use client'

import { CalendarDays, MapPin } from 'lucide-react'
import type { ReactNode } from 'react'
import { DateStub } from '@/components/date-stub'
import { PageHeading } from '@/components/page-heading'
import type { Event } from '@/lib/api/types'
import { formatDateTime, formatPrice, formatWeekday, zoneName } from '@/lib/format'
import { sameOffset, viewerZone } from '@/lib/time-zone'
import { AvailabilityBadge } from './availability-badge'
import { AvailabilityMeter } from './availability-meter'

export function EventDetails({
  event,
  action,
  tools,
  status,
}: {
  event: Event
  action: (event: Event) => ReactNode
  tools?: ReactNode
  status: ReactNode
}) {
  const here = viewerZone()
  return (
    <article className="grid items-start gap-6 lg:grid-cols-[1fr_22rem] lg:gap-8">
      <div className="ticket flex">
        <DateStub event={event} />
        <div className="grid min-w-0 grow gap-6 p-5 sm:p-8">
          <div className="grid justify-items-start gap-3">
            <AvailabilityBadge event={event} />
            <PageHeading className="text-4xl sm:text-5xl">
              <bdi>{event.title}</bdi>
            </PageHeading>
          </div>
          <dl className="grid gap-5 sm:grid-cols-2">
            <Fact icon={<CalendarDays aria-hidden />} name="When">
              <span className="font-semibold">{formatWeekday(event.date, event.timeZone)}, </span>
              <time dateTime={event.date} className="font-semibold">
                {formatDateTime(event.date, event.timeZone)}
              </time>{' '}
              <span className="text-soft">
                at the venue (
                <span className="whitespace-nowrap">{zoneName(event.date, event.timeZone)}</span>)
              </span>
              {!sameOffset(event.date, event.timeZone, here) && (
                <span className="block text-soft">
                  <span>{formatDateTime(event.date, here)}</span> where you are (
                  <span className="whitespace-nowrap">{zoneName(event.date, here)}</span>)
                </span>
              )}
            </Fact>
            <Fact icon={<MapPin aria-hidden />} name="Where">
              <bdi className="font-semibold">{event.venue}</bdi>
              <a
                href={`https://www.openstreetmap.org/search?query=${encodeURIComponent(event.venue)}`}
                target="_blank"
                rel="noreferrer"
                className="block w-fit text-stamp underline underline-offset-4 hover:text-stamp-strong"
              >
                Show on a map
              </a>
            </Fact>
          </dl>
          {event.description && (
            <p
              dir="auto"
              className="max-w-prose text-[1.0625rem] leading-relaxed wrap-anywhere whitespace-pre-line"
            >
              {event.description}
            </p>
          )}
        </div>
        <span aria-hidden className="ticket-edge" />
      </div>
      <aside
        aria-label="Tickets"
        className="grid gap-5 rounded-ticket border bg-card p-5 sm:p-6 lg:sticky lg:top-24"
      >
        <p className="type-display text-3xl">
          <span>{formatPrice(event.price, event.currency)}</span>
          {event.price > 0 && (
            <span className="text-base font-normal tracking-normal text-soft [font-stretch:100%]">
              {' '}
              for one ticket
            </span>
          )}
        </p>
        <AvailabilityMeter event={event} />
        {action(event)}
        {status}
        {tools}
      </aside>
    </article>
  )
}

function Fact({ icon, name, children }: { icon: ReactNode; name: string; children: ReactNode }) {
  return (
    <div className="relative pl-8 [&_svg]:absolute [&_svg]:top-0.5 [&_svg]:left-0 [&_svg]:size-5 [&_svg]:text-soft">
      <dt className="type-label text-soft">
        {icon}
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  )
}
