'use client'

import { useEffect } from 'react'
import { restoreSession } from '@/lib/session/session'

/** Determines once whether there is a session. */
export function SessionKeeper() {
  useEffect(() => {
    void restoreSession()
  }, [])
  return null
}
