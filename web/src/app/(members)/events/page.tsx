import type { Metadata } from 'next'
import { Suspense } from 'react'
import { Members } from '@/features/session/components/guard'
import { EventsSkeleton, EventsView } from './events-view'

export const metadata: Metadata = { title: 'Events' }

export default function EventsPage() {
  return (
    <Members waiting={<EventsSkeleton />}>
      <Suspense fallback={<EventsSkeleton />}>
        <EventsView />
      </Suspense>
    </Members>
  )
}
