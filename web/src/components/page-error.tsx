'use client'

import { Bug } from 'lucide-react'
import { useEffect, useState } from 'react'
import { isMissingCode, loadCode } from '@/lib/load-code'
import { Message } from './message'
import { Button } from './ui/button'

/** Replaces a page that failed to render. */
export function PageError({ error, reset }: { error: Error; reset: () => void }) {
  // After an update, code that the router needs is missing: the page is reloaded, and until then no
  // error is shown.
  const [isFinal, setFinal] = useState(!isMissingCode(error))
  useEffect(() => {
    if (!isFinal) loadCode(() => Promise.reject(error)).catch(() => setFinal(true))
  }, [error, isFinal])
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
      That is our mistake, and nothing was booked or cancelled by it.
    </Message>
  )
}
