'use client'

import { PageError } from '@/components/page-error'

export default function ErrorPage(props: { error: Error; reset: () => void }) {
  return (
    <main id="content" className="mx-auto max-w-3xl px-4 py-16">
      <PageError {...props} />
    </main>
  )
}
