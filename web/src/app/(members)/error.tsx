'use client'

import { Bug } from 'lucide-react'
import { Message } from '@/components/message'
import { Button } from '@/components/ui/button'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <div className="mx-auto max-w-3xl">
      <Message
        isPage
        icon={Bug}
        role="alert"
        title="This page has failed"
        action={<Button onClick={reset}>Show it again</Button>}
      >
        That is our mistake, and nothing was booked or cancelled by it.
      </Message>
    </div>
  )
}
