'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useRef } from 'react'
import { toast } from '@/lib/toast'
import { PageHeading } from '@/components/page-heading'
import { scheduleEvent, type Details } from '@/features/events/api/change-event'
import { EventForm } from '@/features/events/components/event-form'
import { eventQuery } from '@/features/events/api/get-event'
import { paths } from '@/lib/paths'

export function ScheduleView() {
  const client = useQueryClient()
  const { push } = useRouter()
  const attempt = useRef<{ key: string; body: string }>(undefined)

  const save = async (details: Details) => {
    // The same wish keeps its key, so that trying again after a lost answer schedules nothing twice.
    const body = JSON.stringify(details)
    if (attempt.current?.body !== body) attempt.current = { key: crypto.randomUUID(), body }
    const { data: event } = await scheduleEvent(details, attempt.current.key)
    client.setQueryData(eventQuery(event.id).queryKey, event)
    void client.invalidateQueries({ queryKey: ['events', 'list'] })
    toast.success(`${event.title} is scheduled.`)
    push(paths.event(event.id))
  }

  return (
    <div className="mx-auto grid max-w-2xl gap-6">
      <PageHeading className="text-4xl sm:text-5xl">Schedule an event</PageHeading>
      <EventForm submitText="Schedule event" submittingText="Scheduling…" onSave={save} back={paths.events} />
    </div>
  )
}
