'use client'

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from '@/lib/toast'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { codeOf } from '@/lib/api/error'
import type { BookingWithEvent } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { applyChange } from '@/lib/event-cache'
import { cancelBooking } from '../api/cancel-booking'
import { bookingKeys, ticketsQuery } from '../api/list-bookings'
import { endAttempt } from '../attempts'

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
      void client.invalidateQueries({ queryKey: ['events'] })
      toast.success(`Your booking for ${event.title} is cancelled.`)
      onClose()
    },
    onError: (error) => {
      if (codeOf(error) === 'booking_not_found' || codeOf(error) === 'already_cancelled') onClose()
      toast.error('The booking was not cancelled.', { description: messageOf(error) })
    },
    onSettled: () => client.invalidateQueries({ queryKey: bookingKeys.all }),
  })
  return (
    <AlertDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Cancel this booking?"
      keep="Keep booking"
      confirm="Cancel Booking"
      pending={cancellation.isPending}
      pendingText="Cancelling..."
      onConfirm={() => cancellation.mutate()}
    >
      Your ticket for{' '}
      <strong className="font-semibold text-ink">
        <bdi>{event.title}</bdi>
      </strong>{' '}
      on <span>{formatDateTime(event.date, event.timeZone)}</span> goes back on sale at once. Somebody else
      may get it.
    </AlertDialog>
  )
}
