'use client'

import { useIsBooking } from '../attempts'

/** Announces that a booking is under way. Its outcome is announced by a toast. */
export function BookingStatus() {
  return (
    <p role="status" className="sr-only">
      {useIsBooking() ? 'Booking…' : ''}
    </p>
  )
}
