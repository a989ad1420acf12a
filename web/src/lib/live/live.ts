'use client'

import { useEffect } from 'react'
import { queryClient } from '@/lib/query-client'
import { refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { LiveConnection } from './connection'
import { useLive } from './store'

export const live = new LiveConnection({
  url: typeof location === 'undefined' ? '' : `${location.origin.replace(/^http/, 'ws')}/api/ws`,
  token: () => useSession.getState().accessToken,
  renew: refreshSession,
  missed: () => void queryClient.invalidateQueries({ queryKey: ['events'] }),
})

/** Runs the connection while a user is signed in. */
export function useLiveConnection(): void {
  const signedIn = useSession((s) => s.status === 'signed-in')
  const token = useSession((s) => s.accessToken)
  useEffect(() => {
    if (!signedIn) return
    live.start()
    return () => live.stop()
  }, [signedIn])
  useEffect(() => {
    if (token) live.renewed(token)
  }, [token])
}

/** Subscribes to changes of these events while the component is mounted. */
export function useWatch(ids: readonly string[]): void {
  const key = ids.join()
  useEffect(() => (key ? live.watch(key.split(',')) : undefined), [key])
}

const POLL_INTERVAL = 5_000
// While changes are pushed, an occasional fetch still finds new events and new titles, which are
// not pushed.
const LIVE_INTERVAL = 60_000

/** The refetch interval of queries of events. */
export function useRefetchInterval(): number {
  return useLive((s) => s.connection) === 'live' ? LIVE_INTERVAL : POLL_INTERVAL
}
