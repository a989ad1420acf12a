import type { BookingWithEvent } from '@/lib/api/types'
import { endOf } from '@/lib/event-end'

const startOf = ({ event }: BookingWithEvent): number => Date.parse(event.date)

export const isCancelled = ({ status, event }: BookingWithEvent): boolean =>
  status === 'CANCELLED' || event.status === 'CANCELLED'

export const hasBegun = (booking: BookingWithEvent, now: number): boolean => startOf(booking) <= now

/** Until then the ticket may still be needed at the door. */
export const isOver = (booking: BookingWithEvent, now: number): boolean => endOf(booking.event) <= now

export const byStart = (a: BookingWithEvent, b: BookingWithEvent): number => startOf(a) - startOf(b)
