'use client'

import { useEffect } from 'react'
import { API } from '@/lib/api/send'
import { bookingKeys, deskKeys, eventKeys, holdKeys } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { refreshSession } from '@/lib/session/session'
import { currentSession, useSession } from '@/lib/session/store'
import { LiveConnection } from './connection'
import { useConnection } from './connection-store'

// A page without data shows an error, which tries again by itself.
function refetch(): void {
  for (const queryKey of [eventKeys.all, bookingKeys.all, holdKeys.all, deskKeys.all])
    void queryClient.invalidateQueries({ queryKey, predicate: ({ state }) => !!state.data })
}

export const live = new LiveConnection({
  url: `${API.replace(/^http/, 'ws')}/ws`,
  token: () => currentSession().accessToken,
  renew: refreshSession,
  missed: refetch,
})

/** The header of a read that must contain the log up to a position, if there is one. */
export const readAt = (position: number | undefined) => (position ? { 'Min-Log-Position': position } : {})

const POLL_INTERVAL = 5_000 // milliseconds
// While changes are pushed, an occasional fetch still finds new events and new titles, which are
// not pushed.
const LIVE_INTERVAL = 60_000

/** Keeps events and bookings up to date while a user is signed in: by the connection, or by polling. */
export function useLiveConnection(): void {
  const isSignedIn = useSession((s) => s.status === 'signed-in')
  const token = useSession((s) => s.accessToken)
  const isLive = useConnection().state === 'live'
  const interval = isLive ? LIVE_INTERVAL : POLL_INTERVAL
  useEffect(() => {
    if (!isSignedIn) return
    live.start()
    return () => live.stop()
  }, [isSignedIn])
  useEffect(() => {
    if (token) live.renewed(token)
  }, [token])
  // The server is back: what could not be fetched meanwhile need not wait for the next poll.
  useEffect(() => {
    if (isLive) void queryClient.invalidateQueries({ predicate: ({ state }) => state.status === 'error' })
  }, [isLive])
  useEffect(() => {
    if (!isSignedIn) return
    const timer = setInterval(() => document.visibilityState === 'visible' && refetch(), interval)
    return () => clearInterval(timer)
  }, [isSignedIn, interval])
}

/** Subscribes to changes of these events while the component is mounted. */
export function useWatch(ids: readonly string[]): void {
  const key = ids.join()
  useEffect(() => (key ? live.watch(key.split(',')) : undefined), [key])
}
