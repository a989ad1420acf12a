'use client'

import { PlugZap } from 'lucide-react'
import { Message } from '@/components/message'
import { Button } from '@/components/ui/button'
import { refreshSession } from '@/lib/session/session'

/** Stands in for any page while the session can't be restored: who asks is still unknown. */
export function Unreachable() {
  return (
    <Message
      isPage
      icon={PlugZap}
      role="alert"
      title="The box office can’t be reached"
      action={
        <Button onClick={() => void refreshSession(undefined).catch(() => undefined)}>Try again</Button>
      }
    >
      Your session is safe. Check your connection, then try again.
    </Message>
  )
}
