'use client'

import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from '@/lib/toast'
import { AlertDialog } from '@/components/ui/alert-dialog'
import type { Event } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { applyChange } from '@/lib/event-cache'
import { newKey } from '@/lib/new-key'
import { cancelEvent } from '../api/change-event'
import { tools as text } from '../details-strings'

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
      toast.success(text.cancelled(data.title))
      onCancelled()
      onClose()
    },
    onError: (error) => toast.error(text.notCancelled, { description: messageOf(error) }),
  })
  const sold = event.totalTickets - event.remainingTickets
  return (
    <AlertDialog
      onClose={onClose}
      title={text.cancelTitle}
      keep={text.keep}
      confirm={text.cancel}
      pending={cancellation.isPending}
      pendingText={text.cancelling}
      onConfirm={() => cancellation.mutate()}
    >
      <strong className="font-semibold text-ink">
        <bdi>{event.title}</bdi>
      </strong>{' '}
      {text.consequence} {text.sold(sold)}
      {text.final}
    </AlertDialog>
  )
}
