'use client'

import { memo, type ReactNode } from 'react'
import type { Event } from '@/lib/api/types'
import { EventCard, EventCardSkeleton } from './event-card'

const columns = 'grid gap-4 md:grid-cols-2 md:gap-5 xl:grid-cols-3'

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

export function EventGridSkeleton({ cards = 6 }: { cards?: number }) {
  return (
    <div className={columns}>
      {Array.from({ length: cards }, (_, i) => (
        <EventCardSkeleton key={i} />
      ))}
    </div>
  )
}
