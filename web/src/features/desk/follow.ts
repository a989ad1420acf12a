import type { QueryKey } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { live, useWatch } from '@/lib/live/live'
import { queryClient } from '@/lib/query-client'

/** What is fetched again when an event has changed, and how often at most, in milliseconds. */
type Pace = readonly [key: QueryKey, least: number]

/** Fetches again what shows these events, soon after they have changed. */
export function useFollowing(ids: readonly string[], paces: readonly Pace[]): void {
  useWatch(ids)
  const followed = useRef({ ids, paces })
  useEffect(() => void (followed.current = { ids, paces }))
  useEffect(() => {
    const timers = new Map<string, ReturnType<typeof setTimeout>>()
    const last = new Map<string, number>()
    live.onEvent = (id) => {
      if (!followed.current.ids.includes(id)) return
      for (const [queryKey, least] of followed.current.paces) {
        const name = JSON.stringify(queryKey)
        if (timers.has(name)) continue
        const fetch = () => {
          timers.delete(name)
          last.set(name, Date.now())
          void queryClient.invalidateQueries({ queryKey })
        }
        timers.set(name, setTimeout(fetch, Math.max(0, (last.get(name) ?? 0) + least - Date.now())))
      }
    }
    return () => {
      live.onEvent = undefined
      timers.forEach(clearTimeout)
    }
  }, [])
}
