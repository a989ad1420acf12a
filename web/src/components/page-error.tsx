'use client'

import { useEffect, useState } from 'react'
import { isMissingCode, loadNewBuild } from '@/lib/new-build'
import { reportError } from '@/lib/report-error'
import { strings } from '@/lib/strings'
import { buttonVariants } from './ui/button'

/** Replaces a page that failed to render. Every page loads it, so it is plain. */
export function PageError({ error }: { error: Error }) {
  const texts = strings.crash
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
        {texts.loading}
      </p>
    )
  return (
    <section role="alert" className="grid justify-items-start gap-group py-section">
      <h1 className="type-display text-4xl">{texts.title}</h1>
      <p className="max-w-md text-soft">{texts.body}</p>
      {/* In full: whatever made the page fail may still be in memory. */}
      <button type="button" onClick={() => location.reload()} className={buttonVariants()}>
        {texts.action}
      </button>
    </section>
  )
}
