'use client'

import { lazy, startTransition, Suspense, useEffect, useState } from 'react'
import { inNextTask } from '@/lib/preload'
import { loadToasts } from '@/lib/toast'

const Sonner = lazy(loadToasts)

/** The region of toasts: fetched once the page works, and then there for good. */
export function Toaster() {
  const [isWanted, setWanted] = useState(false)
  useEffect(() => inNextTask(() => startTransition(() => setWanted(true))), [])
  return <Suspense>{isWanted && <Sonner />}</Suspense>
}
