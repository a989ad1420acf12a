'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { PageHeading } from '@/components/page-heading'
import { scheduleEvent } from '@/features/events/api/change-event'
import type { EventDetails as Details } from '@/lib/api/types'
import { EventForm } from '@/features/events/components/event-form'
import { eventQuery } from '@/features/events/api/get-event'
import { AttemptKey } from '@/lib/attempt-key'
import { paths } from '@/lib/paths'

export default function ScheduleView() {
  const client = useQueryClient()
  const { push } = useRouter()
  const [attempt] = useState(() => new AttemptKey())

  const save = async (details: Details) => {
    const { data: event } = await scheduleEvent(details, attempt.for(details))
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
