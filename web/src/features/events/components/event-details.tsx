'use client'

import { CalendarDays, MapPin, UserRound } from 'lucide-react'
import type { ReactNode } from 'react'
import { DateTime } from '@/components/date-time'
import { PageHeading } from '@/components/page-heading'
import type { Event } from '@/lib/api/types'
import { formatEnd, formatWeekday, zoneName } from '@/lib/format'
import { sameOffset, viewerZone } from '@/lib/time-zone'
import { details as text } from '../details-strings'
import { categories, type Category } from '../strings'
import { AvailabilityBadge } from './availability-badge'
import { EventActions } from './event-actions'
import { EventImage } from './event-image'

export const detailsClass = 'grid items-start gap-section lg:grid-cols-[minmax(0,1fr)_22rem]'

/** `panel` is what books: beside the event, or between its facts and its description on phones. */
export function EventDetails({ event, panel }: { event: Event; panel: ReactNode }) {
  const category = categories[event.category as Category]
  return (
    <article className={detailsClass}>
      <div className="min-w-0 overflow-hidden rounded-ticket border bg-card">
        <EventImage
          event={event}
          isFirst
          sizes="(min-width: 80rem) 54rem, 100vw"
          className="max-h-[26rem] sm:aspect-21/9"
        />
        <div className="grid gap-6 p-5 sm:p-8">
          <div className="grid justify-items-start gap-3">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
              <AvailabilityBadge event={event} />
              {category && <span className="type-label text-soft">{category}</span>}
            </div>
            <PageHeading>
              <bdi>{event.title}</bdi>
            </PageHeading>
          </div>
          <dl className="grid gap-5 sm:grid-cols-2">
            <When event={event} />
            <Fact icon={<MapPin aria-hidden />} name={text.where}>
              <bdi className="font-semibold">{event.venue}</bdi>
              <a
                href={`https://www.openstreetmap.org/search?query=${encodeURIComponent(event.venue)}`}
                target="_blank"
                rel="noreferrer"
                className="block w-fit text-stamp underline underline-offset-4 hover:text-stamp-strong"
              >
                {text.map}
              </a>
            </Fact>
            {event.organizerName && (
              <Fact icon={<UserRound aria-hidden />} name={text.organizer}>
                <bdi className="font-semibold">{event.organizerName}</bdi>
              </Fact>
            )}
          </dl>
          <EventActions event={event} />
        </div>
      </div>
      <div className="lg:sticky lg:top-24 lg:row-span-2">{panel}</div>
      {event.description && (
        <section aria-labelledby="about" className="grid min-w-0 gap-3">
          <h2 id="about" className="type-display text-2xl">
            {text.about}
          </h2>
          <p dir="auto" className="max-w-prose text-lg wrap-anywhere whitespace-pre-line">
            {event.description}
          </p>
        </section>
      )}
    </article>
  )
}

function When({ event: { date, endsAt, timeZone } }: { event: Event }) {
  const here = viewerZone()
  return (
    <Fact icon={<CalendarDays aria-hidden />} name={text.when}>
      <span className="font-semibold">
        <span>{formatWeekday(date, timeZone)}, </span>
        <DateTime at={date} timeZone={timeZone} />
      </span>
      {endsAt && (
        <span className="font-semibold">
          {' – '}
          <time dateTime={endsAt} className="inline-block">
            {formatEnd(endsAt, date, timeZone)}
          </time>
        </span>
      )}{' '}
      <span className="whitespace-nowrap text-soft">{zoneName(date, timeZone)}</span>
      {!sameOffset(date, timeZone, here) && (
        <span className="block text-soft">
          <DateTime at={date} timeZone={here} /> {text.yourTime}
        </span>
      )}
    </Fact>
  )
}

function Fact({ icon, name, children }: { icon: ReactNode; name: string; children: ReactNode }) {
  return (
    <div className="relative min-w-0 pl-8 [&_svg]:absolute [&_svg]:top-0.5 [&_svg]:left-0 [&_svg]:size-5 [&_svg]:text-soft">
      <dt className="type-label text-soft">
        {icon}
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  )
}
