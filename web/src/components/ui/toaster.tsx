'use client'

import { useDeferredValue, useEffect } from 'react'
import { inNextTask } from '@/lib/preload'
import { loadToasts, useToasts } from '@/lib/toast'

/** The region of toasts: fetched once the page works, and then there for good. */
export function Toaster() {
  // Not React's `lazy`: no error boundary is around this, so that a failure to load would take the page down, and `lazy` never asks
  // again.
  useEffect(() => inNextTask(() => void loadToasts().catch(() => undefined)), [])
  return useDeferredValue(useToasts((s) => s.shown)) // drawn in slices, between which the browser answers
}
