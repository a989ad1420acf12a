'use client'

import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { AlertDialog } from '@/components/ui/alert-dialog'
import type { Event } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { plural } from '@/lib/format'
import { applyChange } from '@/lib/event-cache'
import { newKey } from '@/lib/new-key'
import { cancelEvent } from '../api/change-event'

export function CancelEventDialog({
  event,
  onClose,
  onCancelled,
}: {
  event: Event
  onClose: () => void
  onCancelled: () => void
}) {
  const [key] = useState(() => newKey())
  const cancellation = useMutation({
    mutationFn: () => cancelEvent(event.id, key),
    onSuccess: (data) => {
      applyChange({
        eventId: data.id,
        remainingTickets: data.remainingTickets,
        status: data.status,
        version: data.version,
      })
      toast.success(`${data.title} is cancelled.`)
      onCancelled()
      onClose()
    },
    onError: (error) => toast.error('The event was not cancelled.', { description: messageOf(error) }),
  })
  const sold = event.totalTickets - event.remainingTickets
  return (
    <AlertDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Cancel this event?"
      keep="Keep event"
      confirm="Cancel event"
      pending={cancellation.isPending}
      pendingText="Cancelling..."
      onConfirm={() => cancellation.mutate()}
    >
      <strong className="font-semibold text-ink">
        <bdi>{event.title}</bdi>
      </strong>{' '}
      can’t be booked any more after that.{' '}
      {sold > 0 && `${plural(sold, 'ticket')} ${sold === 1 ? 'is' : 'are'} sold. `}
      This can’t be undone.
    </AlertDialog>
  )
}
