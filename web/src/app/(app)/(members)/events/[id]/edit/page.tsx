'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { LoadError } from '@/components/load-error'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { EditConflict, updateEvent } from '@/features/events/api/change-event'
import { eventQuery } from '@/features/events/api/get-event'
import { EventForm } from '@/features/events/components/event-form'
import { EventFormSkeleton } from '@/features/events/components/event-form-skeleton'
import { changesOf, type EditedFields, type EventFormValues } from '@/features/events/form-schema'
import type { Event } from '@/lib/api/types'
import { usePathId } from '@/lib/address'
import { paths } from '@/lib/paths'

export default function EditPage() {
  const id = usePathId()
  return id ? <LoadedEdit id={id} /> : <EventFormSkeleton />
}

const editKey = (id: string) => ['edit', id]

function LoadedEdit({ id }: { id: string }) {
  // The values must not change while they are edited: they are fetched once, and under a separate
  // key, because every change of events invalidates the queries under theirs.
  const query = useQuery({
    ...eventQuery(id),
    staleTime: Infinity,
    gcTime: 0,
    queryKey: editKey(id),
  })
  return (
    <>
      <PageTitle>Edit an event</PageTitle>
      {query.data ? (
        <Editor key={query.data.version} seen={query.data} />
      ) : query.error ? (
        <LoadError isPage title="The event can’t be shown" query={query} />
      ) : (
        <EventFormSkeleton />
      )}
    </>
  )
}

function Editor({ seen }: { seen: Event }) {
  const client = useQueryClient()
  const { push } = useRouter()
  const [conflict, setConflict] = useState<Event>()

  const save = async (values: EventFormValues, edited: EditedFields) => {
    try {
      const event = await updateEvent(seen, changesOf(values, edited))
      client.setQueryData(eventQuery(event.id).queryKey, event)
      void client.invalidateQueries({ queryKey: ['events', 'list'] })
      void client.invalidateQueries({ queryKey: ['bookings'] })
      toast.success(`${event.title} is saved.`)
      push(paths.event(event.id))
    } catch (error) {
      if (!(error instanceof EditConflict)) throw error
      setConflict(error.current)
    }
  }

  return (
    <div className="grid max-w-2xl gap-6">
      <PageHeading className="text-4xl sm:text-5xl">Edit event</PageHeading>
      {conflict && (
        <Alert>
          <p>Someone else has changed this event meanwhile. Nothing was saved.</p>
          <Button
            variant="outline"
            className="mt-3"
            onClick={() => client.setQueryData(editKey(seen.id), conflict)}
          >
            Load the current version
          </Button>
        </Alert>
      )}
      <EventForm
        event={seen}
        submitText="Save changes"
        submittingText="Saving…"
        onSave={save}
        back={paths.event(seen.id)}
      />
    </div>
  )
}
