'use client'

import { memo, type ReactNode } from 'react'
import type { Event } from '@/lib/api/types'
import { EventCard } from './event-card'
import { columns } from './event-grid-skeleton'

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
