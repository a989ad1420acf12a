'use client'

import { WifiOff } from 'lucide-react'
import { messageOf } from '@/lib/form-errors'
import { Message } from './message'
import { Button } from './ui/button'

/** Replaces content that could not be fetched. */
export function LoadError({
  title,
  query,
  isPage,
}: {
  title: string
  query: { error: unknown; isFetching: boolean; refetch: () => unknown }
  isPage?: boolean
}) {
  return (
    <Message
      isPage={isPage}
      icon={WifiOff}
      role="alert"
      title={title}
      action={
        <Button disabled={query.isFetching} onClick={() => void query.refetch()}>
          Try again
        </Button>
      }
    >
      {messageOf(query.error)}
    </Message>
  )
}
