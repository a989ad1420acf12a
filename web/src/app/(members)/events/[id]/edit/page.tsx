import type { Metadata } from 'next'
import { Members } from '@/features/session/components/guard'
import { EventFormSkeleton } from '@/features/events/components/event-form'
import { EditView } from './edit-view'

export const metadata: Metadata = { title: 'Edit an event' }

export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function EditEventPage() {
  return (
    <Members role="organizer" waiting={<EventFormSkeleton />}>
      <EditView />
    </Members>
  )
}
