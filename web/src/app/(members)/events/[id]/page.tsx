import type { Metadata } from 'next'
import { Members } from '@/features/session/components/guard'
import { EventDetailsSkeleton } from '@/features/events/components/event-details'
import { EventView } from './event-view'

export const metadata: Metadata = { title: 'Event' }

// One page is exported for all events; the server gives it out for every id.
export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function EventPage() {
  return (
    <Members waiting={<EventDetailsSkeleton />}>
      <EventView />
    </Members>
  )
}
