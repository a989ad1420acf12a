'use client'

import { useDeferredValue } from 'react'
import { usePreload } from '@/lib/preload'
import { loadToasts, useToasts } from '@/lib/toast'

/**
 * The region of toasts, loaded once the page is in use and never removed. If it can't be loaded, a
 * plain one replaces it.
 */
export function Toaster() {
  // Without React's `lazy`: there is no error boundary around this, so a failed load would break
  // the page, and `lazy` never tries again.
  usePreload(loadToasts)
  // Rendered in slices, so that the browser stays responsive.
  const region = useDeferredValue(useToasts((s) => s.shown))
  const plainText = useToasts((s) => s.plainText)
  return (
    <>
      {region}
      {plainText && (
        <p
          role="alert"
          className="fixed right-4 bottom-4 z-50 max-w-sm rounded-lg border bg-card p-4 text-[0.9375rem] font-semibold shadow-card max-sm:left-4"
        >
          {plainText}
        </p>
      )}
    </>
  )
}
