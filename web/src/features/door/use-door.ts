import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError, isUnreachable } from '@/lib/api/error'
import { refreshSession } from '@/lib/session/session'
import { currentSession, useSession } from '@/lib/session/store'
import { useRetry } from '@/lib/use-retry'
import { getCounts, getDoor } from './api/door'
import { countAdmitted } from './judge'
import { dropList, keepList, keptList } from './kept-list'
import { scanCode, type Result } from './scan'
import { allScans, forgetListed, newestScan, waitingScans } from './scans'
import { sendWaiting } from './sync'

const COUNTS_INTERVAL = 5_000 // milliseconds
const LIST_INTERVAL = 60_000
const SCANS_INTERVAL = 5_000 // other tabs scan too

const keys = {
  list: (id: string) => ['door', id, 'list'] as const,
  kept: (id: string) => ['door', id, 'kept'] as const,
  counts: (id: string) => ['door', id, 'counts'] as const,
  scans: ['door', 'scans'] as const,
}

/** The list, and what is older than it is forgotten. */
async function freshList(id: string, signal: AbortSignal) {
  const upTo = await newestScan().catch(() => 0)
  const data = await getDoor(id, signal).catch(async (error: unknown) => {
    if (isClosed(error)) await dropList(id)
    throw error
  })
  await keepList(data).catch(() => undefined) // storage is full or disabled
  await forgetListed(id, upTo).catch(() => undefined)
  return data
}

/** The user has no role at this event, or no longer, or there is none. */
export const isClosed = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 404].includes(error.status)

export function useDoor(id: string) {
  const client = useQueryClient()
  const isSignedIn = useSession((s) => s.status === 'signed-in')
  const isSessionUnknown = useSession((s) => s.unreachable)
  const live = { enabled: isSignedIn, refetchOnWindowFocus: true }
  const list = useQuery({
    queryKey: keys.list(id),
    queryFn: ({ signal }) => freshList(id, signal),
    refetchInterval: LIST_INTERVAL,
    ...live,
  })
  const kept = useQuery({ queryKey: keys.kept(id), queryFn: () => keptList(id), staleTime: Infinity })
  const counts = useQuery({
    queryKey: keys.counts(id),
    queryFn: ({ signal }) => getCounts(id, signal),
    refetchInterval: COUNTS_INTERVAL,
    ...live,
  })
  const scans = useQuery({ queryKey: keys.scans, queryFn: allScans, refetchInterval: SCANS_INTERVAL })

  const [isSending, setSending] = useState(false)
  const [lostAt, setLostAt] = useState(0)
  const hasFailed = isSessionUnknown || isUnreachable(counts.error) || lostAt > counts.dataUpdatedAt
  const data = list.data ?? kept.data ?? undefined
  const latest = useRef({ data, isReachable: false })
  useEffect(() => {
    latest.current = { data, isReachable: isSignedIn && !hasFailed }
  })

  const changed = useCallback(() => client.invalidateQueries({ queryKey: keys.scans }), [client])
  const send = useCallback(async () => {
    setSending(true)
    const decided = await sendWaiting().catch(() => 0) // they go on waiting
    setSending(false)
    await changed()
    if (decided > 0) await client.invalidateQueries({ queryKey: keys.list(id) })
  }, [changed, client, id])
  const reconnect = useCallback(async () => {
    if (currentSession().status === 'unknown') await refreshSession(undefined).catch(() => undefined)
    await Promise.all([
      client.refetchQueries({ queryKey: keys.counts(id) }),
      client.refetchQueries({ queryKey: keys.list(id) }),
    ])
  }, [client, id])
  useRetry(hasFailed, reconnect)
  useEffect(() => {
    if (!isSignedIn || hasFailed) return
    waitingScans().then(
      (scans) => scans.length > 0 && void send(),
      () => undefined, // storage is disabled
    )
  }, [isSignedIn, hasFailed, send, list.dataUpdatedAt]) // and what could not be sent then, with each list

  const scan = useCallback(
    async (code: string): Promise<Result> => {
      const { data, isReachable } = latest.current
      try {
        const result = await scanCode(id, code, data, isReachable)
        if (result.counts) client.setQueryData(keys.counts(id), result.counts)
        if (result.isLost) setLostAt(Date.now())
        return result
      } finally {
        void changed()
      }
    },
    [id, client, changed],
  )
  const waiting = scans.data?.filter(({ state }) => state === 'waiting') ?? []
  return {
    data,
    counts: countsOf(),
    query: list,
    isOffline: hasFailed,
    isWithoutList: hasFailed && kept.isFetched && !data,
    isSending,
    waiting,
    refused: scans.data?.filter(({ state }) => state === 'refused') ?? [],
    scan,
    send,
    changed,
    reconnect,
  }

  /** What the server has said last, and those who were let in since without it. */
  function countsOf() {
    const here = waiting.filter(({ eventId }) => eventId === id).length
    if (counts.data) return { ...counts.data, checkedIn: counts.data.checkedIn + here }
    return data && { sold: data.list.sold, checkedIn: countAdmitted(data.list, scans.data ?? []) }
  }
}
