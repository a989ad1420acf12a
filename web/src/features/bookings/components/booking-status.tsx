'use client'

import { useIsBooking } from '../attempts'
import { useLiveBookings } from '../live-bookings'
import { strings } from '../strings'

/** Follows the user's bookings, and announces one under way. Its outcome is announced by a toast. */
export function BookingStatus() {
  useLiveBookings()
  return (
    <p role="status" className="sr-only">
      {useIsBooking() ? strings.book.announced : ''}
    </p>
  )
}
