'use client'

import { useEffect, useState } from 'react'
import { isMissingCode, loadNewBuild } from '@/lib/new-build'
import { reportError } from '@/lib/report-error'
import { buttonVariants } from './ui/button'

/** Replaces a page that failed to render. Every page loads it, so it is plain. */
export function PageError({ error, reset }: { error: Error; reset: () => void }) {
  // After an update, code of the page is missing: it is loaded in full, and until then no error is
  // shown.
  const [isFinal, setFinal] = useState(!isMissingCode(error))
  useEffect(() => {
    if (!isMissingCode(error)) reportError(error)
    else void loadNewBuild().then((isLoading) => setFinal(!isLoading))
  }, [error])
  if (!isFinal)
    return (
      <p role="status" className="sr-only">
        Loading the page
      </p>
    )
  return (
    <section role="alert" className="grid justify-items-center gap-4 py-14 text-center">
      <h1 className="type-display text-3xl">This page has failed</h1>
      <p className="max-w-md text-soft">
        That is our mistake. If you were booking or cancelling, look at My bookings to see what happened.
      </p>
      <button type="button" onClick={reset} className={buttonVariants()}>
        Show it again
      </button>
    </section>
  )
}
