import type { BookingWithEvent } from '@/lib/api/types'

/** How long an event takes that does not say when it ends. */
const USUAL = 2 * 3_600_000

const startOf = ({ event }: BookingWithEvent): number => Date.parse(event.date)

/** In milliseconds since 1970. */
export function endOf(booking: BookingWithEvent): number {
  const { endsAt } = booking.event as { endsAt?: string | null } // of newer servers
  return endsAt ? Date.parse(endsAt) : startOf(booking) + USUAL
}

export const isCancelled = ({ status, event }: BookingWithEvent): boolean =>
  status === 'CANCELLED' || event.status === 'CANCELLED'

export const hasBegun = (booking: BookingWithEvent, now: number): boolean => startOf(booking) <= now

/** Until then the ticket may still be needed at the door. */
export const isOver = (booking: BookingWithEvent, now: number): boolean => endOf(booking) <= now

export const byStart = (a: BookingWithEvent, b: BookingWithEvent): number => startOf(a) - startOf(b)
