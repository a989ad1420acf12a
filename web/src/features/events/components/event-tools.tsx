'use client'

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Megaphone, Pencil, Store, XCircle } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { eventKeys } from '@/lib/event-cache'
import { messageOf } from '@/lib/form-errors'
import { eventQuery } from '@/lib/get-event'
import { paths } from '@/lib/paths'
import { toast } from '@/lib/toast'
import { publishEvent } from '../api/change-event'
import { useMayManage } from '../api/may-manage'
import { tools as text } from '../details-strings'

const CancelEventDialog = dynamic(() =>
  import('./cancel-event-dialog').then((file) => file.CancelEventDialog),
)

/** The actions of an organizer on an event of theirs. */
export function EventTools({ event }: { event: Event }) {
  const client = useQueryClient()
  const mayManage = useMayManage(event.id)
  const [cancelling, setCancelling] = useState(false)
  if (event.status === 'CANCELLED' || !mayManage) return null
  return (
    <div className="grid gap-2.5 border-t pt-5">
      <h2 className="type-label text-soft">{text.title}</h2>
      {event.status === 'DRAFT' && <PublishButton event={event} />}
      <ButtonLink variant="outline" href={paths.deskEvent(event.id)} prefetch={false}>
        <Store aria-hidden />
        {text.desk}
      </ButtonLink>
      <ButtonLink variant="outline" href={paths.editEvent(event.id)} prefetch={false}>
        <Pencil aria-hidden />
        {text.edit}
      </ButtonLink>
      <Button variant="quietDanger" onClick={() => setCancelling(true)}>
        <XCircle aria-hidden />
        {text.cancel}
      </Button>
      {cancelling && (
        <CancelEventDialog
          event={event}
          onClose={() => setCancelling(false)}
          onCancelled={() => void client.invalidateQueries()}
        />
      )}
    </div>
  )
}

function PublishButton({ event }: { event: Event }) {
  const client = useQueryClient()
  const publication = useMutation({
    mutationFn: () => publishEvent(event.id),
    onSuccess: (published) => {
      client.setQueryData(eventQuery(event.id).queryKey, published)
      toast.success(text.published(event.title))
    },
    onError: (error) => toast.error(text.notPublished, { description: messageOf(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: eventKeys.all }),
  })
  return (
    <Button disabled={publication.isPending} onClick={() => publication.mutate()}>
      {publication.isPending ? <Spinner /> : <Megaphone aria-hidden />}
      {publication.isPending ? text.publishing : text.publish}
    </Button>
  )
}
