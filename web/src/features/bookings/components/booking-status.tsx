'use client'

import { useEffect } from 'react'
import { live } from '@/lib/live/live'
import { useIsBooking } from '../attempts'
import { strings } from '../strings'

/** Follows the user's bookings, and announces one under way. Its outcome is announced by a toast. */
export function BookingStatus() {
  useEffect(() => {
    live.onBooking = (frame) =>
      void import('../live-bookings').then(({ applyBooking }) => applyBooking(frame))
    return () => {
      live.onBooking = undefined
    }
  }, [])
  return (
    <p role="status" className="sr-only">
      {useIsBooking() ? strings.book.announced : ''}
    </p>
  )
}
