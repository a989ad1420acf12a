'use client'

import { PageError } from '@/components/page-error'
import './globals.css'

/** Replaces the whole document when the layout of all pages fails. */
export default function GlobalError(props: { error: Error; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Boxoffice</title>
        <main id="content" className="mx-auto max-w-3xl px-4 py-16">
          <PageError {...props} />
        </main>
      </body>
    </html>
  )
}
