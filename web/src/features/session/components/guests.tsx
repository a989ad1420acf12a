'use client'

import { useRouter } from 'next/navigation'
import { useEffect, type ReactNode } from 'react'
import { afterLogin } from '@/lib/paths'
import { useSession } from '@/lib/session/store'

/** Shows its children to people who are not signed in, and takes everybody else to where they wanted to go. */
export function Guests({ children }: { children: ReactNode }) {
  const { replace } = useRouter()
  const status = useSession((s) => s.status)
  useEffect(() => {
    if (status === 'signed-in') replace(afterLogin(new URLSearchParams(location.search).get('next')))
  }, [status, replace])
  return status === 'signed-in' ? null : children
}

/** A link to the other of the two pages for guests, which keeps where they wanted to go. */
export function keepNext(path: string): string {
  const next = typeof location === 'undefined' ? null : new URLSearchParams(location.search).get('next')
  return next ? `${path}?next=${encodeURIComponent(next)}` : path
}
