import type { Metadata } from 'next'
import { Members } from '@/features/session/components/guard'
import { EventFormSkeleton } from '@/features/events/components/event-form'
import { ScheduleView } from './schedule-view'

export const metadata: Metadata = { title: 'Schedule an event' }

export default function NewEventPage() {
  return (
    <Members role="organizer" waiting={<EventFormSkeleton />}>
      <ScheduleView />
    </Members>
  )
}
