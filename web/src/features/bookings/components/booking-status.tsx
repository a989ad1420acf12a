'use client'

import { useEffect } from 'react'
import { bookingKeys } from '@/lib/event-cache'
import { live } from '@/lib/live/live'
import { queryClient } from '@/lib/query-client'
import { useIsBooking } from '../attempts'
import { strings } from '../strings'

/** Follows the user's bookings, and announces one under way. Its outcome is announced by a toast. */
export function BookingStatus() {
  useEffect(() => {
    live.onBooking = (frame) =>
      void import('../live-bookings').then(
        ({ applyBooking }) => applyBooking(frame),
        () => queryClient.invalidateQueries({ queryKey: bookingKeys.all }), // its file is of an older build
      )
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
