'use client'

import { useEffect, useRef } from 'react'
import { forgetChanges } from '@/lib/live/store'
import { useLiveConnection } from '@/lib/live/live'
import { queryClient } from '@/lib/query-client'
import { restoreSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'

/** Restores the session once, and lets nothing that one person saw stay for the next. */
export function SessionKeeper() {
  useEffect(() => {
    void restoreSession()
  }, [])
  useLiveConnection()

  const userId = useSession((s) => s.user?.id)
  const previous = useRef(userId)
  useEffect(() => {
    if (previous.current && previous.current !== userId) {
      queryClient.clear()
      forgetChanges()
    }
    previous.current = userId
  }, [userId])
  return null
}
