'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { LoadError } from '@/components/load-error'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { scheduleEvent } from '@/features/events/api/change-event'
import { eventQuery } from '@/lib/get-event'
import { EventForm } from '@/features/events/components/event-form'
import { EventFormSkeleton } from '@/features/events/components/event-form-skeleton'
import { detailsOf, type EventFormValues } from '@/features/events/form-schema'
import { form as text } from '@/features/events/form-strings'
import { details } from '@/features/events/details-strings'
import { useParameter } from '@/lib/address'
import type { Event } from '@/lib/api/types'
import { AttemptKey } from '@/lib/attempt-key'
import { deskKeys, eventKeys } from '@/lib/event-cache'
import { paths } from '@/lib/paths'

/** A form for a new event: an empty one, or a copy of another event. */
export default function SchedulePage() {
  const from = useParameter('from')
  return from ? <Duplicate key={from} id={from} /> : <Schedule />
}

function Duplicate({ id }: { id: string }) {
  // The copy must not change while it is edited.
  const query = useQuery({
    ...eventQuery(id),
    staleTime: Infinity,
    gcTime: 0,
    queryKey: ['duplicate', id],
  })
  if (query.data) return <Schedule template={query.data} />
  return (
    <>
      <PageTitle>{text.duplicatePage}</PageTitle>
      {query.error ? <LoadError isPage title={details.failed} query={query} /> : <EventFormSkeleton />}
    </>
  )
}

function Schedule({ template }: { template?: Event }) {
  const client = useQueryClient()
  const { push } = useRouter()
  const [attempt] = useState(() => new AttemptKey())
  const title = template ? text.duplicatePage : text.schedulePage

  const save = async (values: EventFormValues, draft: boolean) => {
    const details = {
      ...detailsOf(values),
      ...(draft && { draft }),
      // The form does not show it.
      ...(template?.requireProofOfWork && { requireProofOfWork: true }),
    }
    const event = await scheduleEvent(details, attempt.for(details))
    client.setQueryData(eventQuery(event.id).queryKey, event)
    void client.invalidateQueries({ queryKey: eventKeys.lists })
    void client.invalidateQueries({ queryKey: deskKeys.lists })
    toast.success(draft ? text.draftSaved(event.title) : text.scheduled(event.title))
    push(paths.event(event.id))
  }

  return (
    <div className="grid max-w-2xl gap-6">
      <PageTitle>{title}</PageTitle>
      <div className="grid gap-tight">
        <PageHeading>{title}</PageHeading>
        {template && <p className="text-soft">{text.copied(template.title)}</p>}
      </div>
      <EventForm
        template={template}
        submitText={text.schedule}
        submittingText={text.scheduling}
        onSave={(values) => save(values, false)}
        onSaveDraft={(values) => save(values, true)}
        back={template ? paths.deskEvent(template.id) : paths.events}
      />
    </div>
  )
}
