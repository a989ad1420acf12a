'use client'

import { PageError } from '@/components/page-error'

export default function ErrorPage(props: { error: Error; reset: () => void }) {
  return (
    <div className="mx-auto max-w-3xl">
      <PageError {...props} />
    </div>
  )
}
