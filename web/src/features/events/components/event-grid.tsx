'use client'

import { memo, type ReactNode } from 'react'
import { DateStub } from '@/components/date-stub'
import { Skeleton } from '@/components/ui/skeleton'
import type { Event } from '@/lib/api/types'
import { EventCard } from './event-card'

const columns = 'grid grid-cols-1 gap-4 md:grid-cols-2 md:gap-5 xl:grid-cols-3'

export const EventGrid = memo(function EventGrid({
  events,
  action,
}: {
  events: readonly Event[]
  action: (event: Event) => ReactNode
}) {
  return (
    <ul className={columns}>
      {events.map((event) => (
        <li key={event.id} className="grid">
          <EventCard event={event} action={action} />
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
      <p role="status" className="sr-only">
        Loading events
      </p>
    </div>
  )
}

function EventCardSkeleton() {
  return (
    <div aria-hidden className="ticket flex">
      <DateStub />
      <div className="shimmer flex grow flex-col gap-3 p-4 pl-5">
        <div className="grid gap-1.5">
          <Skeleton className="my-0.5 h-[1.2rem] w-4/5" />
          <Skeleton className="my-[0.1875rem] h-3.5 w-11/12" />
          <Skeleton className="my-[0.1875rem] h-3.5 w-1/2" />
        </div>
        <div className="mt-auto flex items-center justify-between">
          <Skeleton className="h-6 w-28 rounded-full" />
          <Skeleton className="h-5 w-16" />
        </div>
        <Skeleton className="h-11 rounded-md" />
      </div>
      <span className="ticket-edge" />
    </div>
  )
}
