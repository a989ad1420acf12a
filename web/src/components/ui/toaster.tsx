'use client'

import { lazy, Suspense, useSyncExternalStore } from 'react'
import { usePreload } from '@/lib/preload'
import { loadToasts } from '@/lib/toast'

const Sonner = lazy(() => import('./sonner'))

/** The region of toasts: fetched right after the page works, and then there for good. */
export function Toaster() {
  const isMounted = useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  )
  usePreload(loadToasts)
  return <Suspense>{isMounted && <Sonner />}</Suspense>
}
