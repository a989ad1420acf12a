'use client'

import dynamic from 'next/dynamic'
import { usePathname } from 'next/navigation'
import { useEffect } from 'react'
import { holdKeys } from '@/lib/event-cache'
import { live } from '@/lib/live/live'
import { paths } from '@/lib/paths'
import { queryClient } from '@/lib/query-client'
import { movePlace, useHolds } from '../api/list-holds'
import { useLapses } from '../use-lapses'

const HoldBanner = dynamic(() => import('./hold-banner').then((file) => file.HoldBanner))

/** Follows the user's holds and offers on every page, and shows them above it. */
export function HoldWatch() {
  const { data: holds } = useHolds()
  const pathname = usePathname()
  useLapses(holds)
  useEffect(() => {
    live.onHold = ({ eventId, place }) => {
      if (place) movePlace(eventId, place)
      else void queryClient.invalidateQueries({ queryKey: holdKeys.all })
    }
    return () => {
      live.onHold = undefined
    }
  }, [])
  // What the page shows itself needs no banner. An offer is shown first everywhere: it came by itself.
  const shown = holds?.filter(
    (h) => pathname !== paths.bookings && (h.offered || pathname !== paths.event(h.eventId)),
  )
  return shown && shown.length > 0 ? <HoldBanner holds={shown} /> : null
}
