'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { WifiOff } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { EditConflict, updateEvent } from '@/features/events/api/change-event'
import type { EventDetails as Details } from '@/lib/api/types'
import { eventQuery } from '@/features/events/api/get-event'
import { EventForm } from '@/features/events/components/event-form'
import { EventFormSkeleton } from '@/features/events/components/event-form-skeleton'
import { useEventId } from '@/features/events/hooks'
import type { Event } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { paths } from '@/lib/paths'

export default function EditView() {
  const id = useEventId()
  return id ? <LoadedEdit id={id} /> : <EventFormSkeleton />
}

function LoadedEdit({ id }: { id: string }) {
  // What is edited must not move while it is: fetched once, and not refreshed by itself.
  const { data, error, refetch } = useQuery({
    ...eventQuery(id),
    staleTime: Infinity,
    gcTime: 0,
    queryKey: ['events', 'edit', id],
  })
  if (data) return <Editor key={data.version} seen={data} />
  if (!error) return <EventFormSkeleton />
  return (
    <Message
      isPage
      icon={WifiOff}
      role="alert"
      title="The event can’t be shown"
      action={<Button onClick={() => void refetch()}>Try again</Button>}
    >
      {messageOf(error)}
    </Message>
  )
}

function Editor({ seen }: { seen: Event }) {
  const client = useQueryClient()
  const { push } = useRouter()
  const [conflict, setConflict] = useState<Event>()

  const save = async (details: Details) => {
    try {
      const event = await updateEvent(seen, details)
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
    <div className="mx-auto grid max-w-2xl gap-6">
      <PageHeading className="text-4xl sm:text-5xl">Edit event</PageHeading>
      {conflict && (
        <Alert>
          <p>Someone else has changed this event meanwhile. Nothing was saved.</p>
          <Button
            variant="outline"
            className="mt-3"
            onClick={() => client.setQueryData(['events', 'edit', seen.id], conflict)}
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
