'use client'

import { useDeferredValue } from 'react'
import { usePreload } from '@/lib/preload'
import { loadToasts, useToasts } from '@/lib/toast'

/** The region of toasts: fetched once the page is in use, and then there for good. Without the network, a plain one stands in. */
export function Toaster() {
  // Not React's `lazy`: no error boundary is around this, so that a failure to load would take the page down, and `lazy` never asks
  // again.
  usePreload(loadToasts)
  const region = useDeferredValue(useToasts((s) => s.shown)) // drawn in slices, between which the browser answers
  const unsaid = useToasts((s) => s.unsaid)
  return (
    <>
      {region}
      {unsaid && (
        <p
          role="alert"
          className="fixed right-4 bottom-4 z-50 max-w-sm rounded-lg border bg-card p-4 text-[0.9375rem] font-semibold shadow-card max-sm:left-4"
        >
          {unsaid}
        </p>
      )}
    </>
  )
}
