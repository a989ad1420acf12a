import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '@/lib/api/client'
import type { Event, EventPage } from '@/lib/api/types'
import { live, useRefetchInterval } from '@/lib/live/live'

export function eventQuery(id: string) {
  return queryOptions({
    queryKey: ['events', 'one', id],
    queryFn: async ({ signal }) => {
      const { data, position } = await call<Event>(`/events/${id}`, { signal })
      live.seen(position)
      return data
    },
  })
}

export function useEvent(id: string) {
  const client = useQueryClient()
  return useQuery({
    ...eventQuery(id),
    refetchInterval: useRefetchInterval(),
    // Coming from the list, the user sees its data at once.
    placeholderData: () => {
      for (const [, page] of client.getQueriesData<EventPage>({ queryKey: ['events', 'list'] })) {
        const found = page?.data.find((event) => event.id === id)
        if (found) return found
      }
      return undefined
    },
  })
}
