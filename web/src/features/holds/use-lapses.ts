import { useEffect, useRef } from 'react'
import type { Hold } from '@/lib/api/types'
import { eventKeys, holdKeys } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { now } from '@/lib/server-time'
import { holdsQuery } from './api/list-holds'
import { markLapsed } from './lapses'
import { keyOf } from './keys'

/** Takes holds away when their time is over by the server's clock, and remembers that it was so. */
export function useLapses(holds: Hold[] | undefined): void {
  const before = useRef<Hold[]>([])
  useEffect(() => {
    // Gone with the answer, after the device had slept: its time was over too.
    for (const hold of before.current)
      if (isOver(hold) && !holds?.some(({ id }) => id === hold.id)) lapse(hold)
    before.current = holds ?? []
    const timers = holds?.map((hold) =>
      setTimeout(() => lapse(hold), Math.max(0, Date.parse(hold.expiresAt) - now())),
    )
    return () => timers?.forEach(clearTimeout)
  }, [holds])
}

const isOver = ({ expiresAt }: Hold): boolean => Date.parse(expiresAt) <= now()

function lapse(hold: Hold): void {
  // The answer to a payment under way tells how it ended.
  if (queryClient.isMutating({ mutationKey: keyOf(hold) })) return
  queryClient.setQueryData(holdsQuery.queryKey, (list) => list?.filter(({ id }) => id !== hold.id))
  if (!markLapsed(hold)) return
  void queryClient.invalidateQueries({ queryKey: holdKeys.all })
  void queryClient.invalidateQueries({ queryKey: eventKeys.all })
}
