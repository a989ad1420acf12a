'use client'

import { lazy, Suspense, useSyncExternalStore } from 'react'

const Sonner = lazy(() => import('./sonner'))

/** The region of toasts: fetched right after the page works, and then there for good. */
export function Toaster() {
  const isMounted = useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  )
  return <Suspense>{isMounted && <Sonner />}</Suspense>
}
