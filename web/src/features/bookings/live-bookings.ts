import { bookingKeys } from '@/lib/event-cache'
import type { BookingFrame } from '@/lib/live/frames'
import { queryClient } from '@/lib/query-client'
import { ticketsQuery } from './api/list-bookings'
import { forgetBooked } from './attempts'

/** Shows what is booked or cancelled in another tab, or on another device. */
export function applyBooking({
  bookingId,
  eventId,
  status,
}: Pick<BookingFrame, 'bookingId' | 'eventId' | 'status'>): void {
  if (status === 'CANCELLED') forgetBooked(eventId)
  const tickets = queryClient.getQueryData(ticketsQuery.queryKey)
  const isShown = tickets?.some(({ id }) => id === bookingId)
  if (isShown === (status === 'CONFIRMED')) return // this tab did it itself
  if (status === 'CANCELLED')
    queryClient.setQueryData(ticketsQuery.queryKey, (list) => list?.filter(({ id }) => id !== bookingId))
  void queryClient.invalidateQueries({ queryKey: bookingKeys.all })
}
