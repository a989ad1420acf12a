'use client'

import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useRef, type ReactNode } from 'react'
import { forgetAttempts } from '@/features/bookings/attempts'
import { useLiveConnection } from '@/lib/live/live'
import { forgetChanges } from '@/lib/live/store'
import { queryClient } from '@/lib/query-client'
import { useSession } from '@/lib/session/store'

/**
 * Shared by the pages for members: the cache of server data, and the connection that receives
 * changes.
 */
export function MemberProviders({ children }: { children: ReactNode }) {
  useLiveConnection()

  // No data of one user stays for the next.
  const userId = useSession((s) => s.user?.id)
  const previous = useRef(userId)
  useEffect(() => {
    if (previous.current && previous.current !== userId) {
      queryClient.clear()
      forgetChanges()
      forgetAttempts()
    }
    previous.current = userId
  }, [userId])

  return <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
}
