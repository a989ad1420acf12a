'use client'

import { QueryClientProvider } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useEffect, useRef, type ReactNode } from 'react'
import { forgetAttempts } from '@/features/bookings/attempts'
import { BookingStatus } from '@/features/bookings/components/booking-status'
import { forgetLapses } from '@/features/holds/lapses'
import { useLiveConnection } from '@/lib/live/live'
import { queryClient } from '@/lib/query-client'
import { useSession } from '@/lib/session/store'

// Fetched when the page is there: no toast comes before.
const Toaster = dynamic(() => import('@/components/ui/toaster'), { ssr: false })

// Not needed to show a page.
const HoldWatch = dynamic(
  () => import('@/features/holds/components/hold-watch').then((file) => file.HoldWatch),
  {
    ssr: false,
  },
)

/** The cache of server data, the connection that receives changes, and the region of toasts. */
export default function MembersLayout({ children }: { children: ReactNode }) {
  useLiveConnection()
  useForgettingOf(useSession((s) => s.user?.id))
  return (
    <QueryClientProvider client={queryClient}>
      <HoldWatch />
      {children}
      <BookingStatus />
      <Toaster />
    </QueryClientProvider>
  )
}

/** No data of one user stays for the next. */
function useForgettingOf(userId: string | undefined): void {
  const previous = useRef(userId)
  useEffect(() => {
    if (previous.current && previous.current !== userId) {
      queryClient.clear()
      forgetAttempts()
      forgetLapses()
    }
    previous.current = userId
  }, [userId])
}
