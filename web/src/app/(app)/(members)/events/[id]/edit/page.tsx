'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Ban } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { toast } from '@/lib/toast'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { ButtonLink } from '@/components/ui/button-link'
import { updateEvent } from '@/features/events/api/change-event'
import { useMayManage } from '@/features/events/api/may-manage'
import { eventQuery } from '@/lib/get-event'
import { EventForm } from '@/features/events/components/event-form'
import { EventFormSkeleton } from '@/features/events/components/event-form-skeleton'
import { changesOf, type EditedFields, type EventFormValues } from '@/features/events/form-schema'
import { form as text } from '@/features/events/form-strings'
import { details } from '@/features/events/details-strings'
import type { Event } from '@/lib/api/types'
import { usePathId } from '@/lib/address'
import { bookingKeys, eventKeys } from '@/lib/event-cache'
import { paths } from '@/lib/paths'

export default function EditPage() {
  const id = usePathId()
  return id ? <LoadedEdit id={id} /> : <EventFormSkeleton />
}

function LoadedEdit({ id }: { id: string }) {
  // The values must not change while they are edited: they are fetched once, and under a separate
  // key, because every change of events invalidates the queries under theirs.
  const query = useQuery({
    ...eventQuery(id),
    staleTime: Infinity,
    gcTime: 0,
    queryKey: ['edit', id],
  })
  const isOthers = useMayManage(id) === false
  return (
    <>
      <PageTitle>{text.editPage}</PageTitle>
      {isOthers ? (
        <Message
          isPage
          icon={Ban}
          role="alert"
          title={text.othersTitle}
          action={<ButtonLink href={paths.event(id)}>{text.toEvent}</ButtonLink>}
        >
          {text.others}
        </Message>
      ) : query.data ? (
        <Editor event={query.data} />
      ) : query.error ? (
        <LoadError isPage title={details.failed} query={query} />
      ) : (
        <EventFormSkeleton />
      )}
    </>
  )
}

function Editor({ event }: { event: Event }) {
  const client = useQueryClient()
  const { push } = useRouter()

  const save = async (values: EventFormValues, edited: EditedFields, seen = event) => {
    const saved = await updateEvent(seen, changesOf(values, edited))
    client.setQueryData(eventQuery(saved.id).queryKey, saved)
    void client.invalidateQueries({ queryKey: eventKeys.lists })
    void client.invalidateQueries({ queryKey: bookingKeys.all })
    toast.success(text.saved)
    push(paths.event(saved.id))
  }

  return (
    <div className="grid max-w-2xl gap-6">
      <PageHeading>{text.editPage}</PageHeading>
      <EventForm
        event={event}
        submitText={text.save}
        submittingText={text.saving}
        onSave={save}
        back={paths.event(event.id)}
      />
    </div>
  )
}
