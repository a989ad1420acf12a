'use client'

import { PageError } from '@/components/page-error'
import './globals.css'

/** Replaces the whole document when the layout of all pages fails. */
export default function GlobalError(props: { error: Error }) {
  return (
    <html lang="en">
      <body>
        <title>Boxoffice</title>
        <main id="content" className="page py-section">
          <PageError {...props} />
        </main>
      </body>
    </html>
  )
}
