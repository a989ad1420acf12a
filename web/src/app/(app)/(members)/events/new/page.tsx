'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { scheduleEvent } from '@/features/events/api/change-event'
import { eventQuery } from '@/lib/get-event'
import { EventForm } from '@/features/events/components/event-form'
import { detailsOf, type EventFormValues } from '@/features/events/form-schema'
import { form as text } from '@/features/events/form-strings'
import { AttemptKey } from '@/lib/attempt-key'
import { paths } from '@/lib/paths'

export default function SchedulePage() {
  const client = useQueryClient()
  const { push } = useRouter()
  const [attempt] = useState(() => new AttemptKey())

  const save = async (values: EventFormValues, draft: boolean) => {
    const details = { ...detailsOf(values), ...(draft && { draft }) }
    const event = await scheduleEvent(details, attempt.for(details))
    client.setQueryData(eventQuery(event.id).queryKey, event)
    void client.invalidateQueries({ queryKey: ['events', 'list'] })
    toast.success(draft ? text.draftSaved(event.title) : text.scheduled(event.title))
    push(paths.event(event.id))
  }

  return (
    <div className="grid max-w-2xl gap-6">
      <PageTitle>{text.schedulePage}</PageTitle>
      <PageHeading className="text-4xl sm:text-5xl">{text.schedulePage}</PageHeading>
      <EventForm
        submitText={text.schedule}
        submittingText={text.scheduling}
        onSave={(values) => save(values, false)}
        onSaveDraft={(values) => save(values, true)}
        back={paths.events}
      />
    </div>
  )
}
