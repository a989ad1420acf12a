'use client'

import { Bug } from 'lucide-react'
import { useEffect, useState } from 'react'
import { isMissingCode, loadCode } from '@/lib/load-code'
import { Message } from './message'
import { Button } from './ui/button'

/** Stands where a page would be that could not be drawn. */
export function PageError({ error, reset }: { error: Error; reset: () => void }) {
  // Code that the router was to load is missing after an update: the page is loaded anew, and
  // meanwhile nothing has failed.
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
