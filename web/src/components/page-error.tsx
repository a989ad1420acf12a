'use client'

import { Bug } from 'lucide-react'
import { useEffect, useState } from 'react'
import { isMissingCode, loadNewBuild } from '@/lib/new-build'
import { reportError } from '@/lib/report-error'
import { Message } from './message'
import { Button } from './ui/button'

/** Replaces a page that failed to render. */
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
    <Message
      isPage
      icon={Bug}
      role="alert"
      title="This page has failed"
      action={<Button onClick={reset}>Show it again</Button>}
    >
      That is our mistake. If you were booking or cancelling, look at My bookings to see what happened.
    </Message>
  )
}
