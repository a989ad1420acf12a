'use client'

import { memo, type ReactNode } from 'react'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import type { Event } from '@/lib/api/types'
import { list as text } from '../strings'
import { cardClass, EventCard, Stub } from './event-card'

const columns = 'grid grid-cols-1 gap-5 md:grid-cols-2 xl:grid-cols-3'

export const EventGrid = memo(function EventGrid({
  events,
  action,
}: {
  events: readonly Event[]
  action: (event: Event) => ReactNode
}) {
  return (
    <ul className={columns}>
      {events.map((event, i) => (
        <li key={event.id} className="grid">
          <EventCard event={event} isFirst={i === 0} action={action} />
        </li>
      ))}
    </ul>
  )
})

export function EventGridSkeleton() {
  return (
    <div className={columns}>
      {Array.from({ length: 6 }, (_, i) => (
        <EventCardSkeleton key={i} />
      ))}
      <Loading>{text.loading}</Loading>
    </div>
  )
}

function EventCardSkeleton() {
  return (
    <div aria-hidden className={`shimmer ${cardClass}`}>
      <Skeleton className="aspect-video rounded-none max-sm:aspect-5/2" />
      <div className="grid grow gap-2 p-4">
        <Skeleton className="h-[1.4rem] w-4/5" />
        <Skeleton className="h-4 w-11/12" />
        <Skeleton className="h-4 w-1/2" />
      </div>
      <Stub>
        <div className="flex items-center justify-between">
          <Skeleton className="h-6 w-28 rounded-full" />
          <Skeleton className="h-5 w-16" />
        </div>
        <Skeleton className="h-11 rounded-md" />
      </Stub>
    </div>
  )
}
