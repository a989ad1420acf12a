'use client'

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from '@/lib/toast'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { codeOf } from '@/lib/api/error'
import type { BookingWithEvent } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { applyChange, bookingKeys, eventKeys } from '@/lib/event-cache'
import { cancelBooking } from '../api/cancel-booking'
import { ticketsQuery } from '../api/list-bookings'
import { endAttempt } from '../attempts'
import { strings } from '../wallet-strings'

export function CancelDialog({ booking, onClose }: { booking: BookingWithEvent; onClose: () => void }) {
  const client = useQueryClient()
  const { event } = booking
  const cancellation = useMutation({
    mutationFn: () => cancelBooking(booking.id),
    onSuccess: ({ data }) => {
      endAttempt(event.id)
      applyChange({
        eventId: data.event.id,
        remainingTickets: data.event.remainingTickets,
        version: data.event.version,
      })
      client.setQueryData(ticketsQuery.queryKey, (list) => list?.filter((b) => b.id !== booking.id))
      void client.invalidateQueries({ queryKey: eventKeys.all })
      toast.success(strings.cancel.done(event.title))
      onClose()
    },
    onError: (error) => {
      if (codeOf(error) === 'booking_not_found' || codeOf(error) === 'already_cancelled') onClose()
      toast.error(strings.cancel.failed, { description: messageOf(error) })
    },
    onSettled: () => client.invalidateQueries({ queryKey: bookingKeys.all }),
  })
  return (
    <AlertDialog
      onClose={onClose}
      title={strings.cancel.title}
      keep={strings.cancel.keep}
      confirm={strings.cancel.confirm}
      pending={cancellation.isPending}
      pendingText={strings.cancel.pending}
      onConfirm={() => cancellation.mutate()}
    >
      {strings.cancel.body(
        <strong className="font-semibold text-ink">
          <bdi>{event.title}</bdi>
        </strong>,
        <span>{formatDateTime(event.date, event.timeZone)}</span>,
      )}
    </AlertDialog>
  )
}
