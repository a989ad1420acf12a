'use client'

import { useEffect } from 'react'
import { hintOfSession } from '@/lib/session/hint'
import { restoreSession } from '@/lib/session/session'

// Everything that members see waits for this answer, so it is asked for before React begins.
if (typeof window !== 'undefined' && hintOfSession()) void restoreSession()

/** Finds out once whether there is a session. */
export function SessionKeeper() {
  useEffect(() => {
    void restoreSession()
  }, [])
  return null
}
