import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { HoldList, WaitlistEntries } from '@/lib/api/schemas-holds'
import type { Hold, WaitlistEntry } from '@/lib/api/types'
import { holdKeys } from '@/lib/event-cache'
import { live, readAt } from '@/lib/live/live'
import { queryClient } from '@/lib/query-client'

// The live connection, or a command, may be ahead of the read model.
const parameters = () => ({ header: readAt(live.bookedAt) })

export const holdsQuery = queryOptions({
  queryKey: holdKeys.list,
  queryFn: async ({ signal }): Promise<Hold[]> =>
    (await read(HoldList, api.GET('/holds', { params: parameters(), signal }))).data.data,
  staleTime: 30_000,
})

export const waitlistQuery = queryOptions({
  queryKey: holdKeys.waitlist,
  queryFn: async ({ signal }): Promise<WaitlistEntry[]> =>
    (await read(WaitlistEntries, api.GET('/waitlist', { params: parameters(), signal }))).data.data,
  staleTime: 30_000,
})

/** The user's holds, offers included. Their time may have passed: see useLapses. */
export const useHolds = () => useQuery(holdsQuery)

/** The user's places on waiting lists. */
export const useWaitlist = () => useQuery({ ...waitlistQuery, select: waiting })

const waiting = (entries: WaitlistEntry[]) => entries.filter(({ status }) => status === 'WAITING')

/** The user has got another place on the waiting list of an event. */
export function movePlace(eventId: string, place: number): void {
  queryClient.setQueryData(waitlistQuery.queryKey, (list) =>
    list?.map((entry) => (entry.eventId === eventId ? { ...entry, place } : entry)),
  )
}
