'use client'

import { RefreshCw, WifiOff } from 'lucide-react'
import { isUnreachable } from '@/lib/api/error'
import { messageOf } from '@/lib/form-errors'
import { queryClient } from '@/lib/query-client'
import { strings } from '@/lib/strings'
import { useRetry } from '@/lib/use-retry'
import { Message } from './message'
import { Button } from './ui/button'

/** Replaces content that could not be fetched, until it can: it tries again by itself. */
export function LoadError({
  title,
  query,
  isPage,
}: {
  title: string
  query: { error: unknown; refetch: () => unknown }
  isPage?: boolean
}) {
  const unreachable = isUnreachable(query.error)
  // What failed with it is fetched again too, so that a page of several parts is whole at once.
  useRetry(unreachable, () => {
    void query.refetch()
    void queryClient.refetchQueries({
      type: 'active',
      predicate: ({ state }) => state.status === 'error' && state.fetchStatus === 'idle',
    })
  })
  return (
    <Message
      isPage={isPage}
      icon={unreachable ? WifiOff : RefreshCw}
      role="alert"
      title={title}
      action={<Button onClick={() => void query.refetch()}>{strings.tryAgain}</Button>}
    >
      {messageOf(query.error)}
    </Message>
  )
}
