import { cx } from 'class-variance-authority'
import { MapPin } from 'lucide-react'
import type { Event } from '@/lib/api/types'
import { formatWeekday, zoneName } from '@/lib/format'
import { paths } from '@/lib/paths'
import { sameOffset, viewerZone } from '@/lib/time-zone'
import { DateTime } from './date-time'
import { TitleLink } from './title-link'

/** The heading of every ticket: the event, its time and its venue. */
export function TicketHeading({
  id,
  event,
  as: Heading,
  isLarge = false,
}: {
  id: string
  event: Pick<Event, 'id' | 'title' | 'date' | 'timeZone' | 'venue'>
  as: 'h2' | 'h3'
  isLarge?: boolean
}) {
  const line = cx('text-sm text-soft', isLarge && 'sm:text-base')
  return (
    <div className="grid min-w-0 gap-1.5">
      <Heading id={id} className={cx('type-display text-xl', isLarge && 'sm:text-2xl')}>
        <TitleLink href={paths.event(event.id)}>{event.title}</TitleLink>
      </Heading>
      <p className={line}>
        <span>{formatWeekday(event.date, event.timeZone)}, </span>
        <DateTime at={event.date} timeZone={event.timeZone} />
        {!sameOffset(event.date, event.timeZone, viewerZone()) && (
          <>
            {' '}
            <span className="whitespace-nowrap">{zoneName(event.date, event.timeZone)}</span>
          </>
        )}
      </p>
      <p className={cx('flex items-center gap-1.5', line)}>
        <MapPin aria-hidden className="size-4 shrink-0" />
        <bdi>{event.venue}</bdi>
      </p>
    </div>
  )
}
