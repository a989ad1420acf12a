import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { call } from '@/lib/api/client'
import type { EventPage } from '@/lib/api/types'
import { live, useRefetchInterval } from '@/lib/live/live'

export interface EventQuery {
  page: number
  search: string
  sortBy: 'date' | 'price' | 'title'
  sortOrder: 'asc' | 'desc'
}

// Fills rows of one, two and three cards.
export const PAGE_SIZE = 12

export function eventListQuery(query: EventQuery) {
  return queryOptions({
    queryKey: ['events', 'list', query],
    queryFn: async ({ signal }) => {
      const parameters = new URLSearchParams({
        page: String(query.page),
        limit: String(PAGE_SIZE),
        sortBy: query.sortBy,
        sortOrder: query.sortOrder,
      })
      if (query.search) parameters.set('search', query.search)
      const { data, position } = await call<EventPage>(`/events?${parameters}`, { signal })
      live.seen(position)
      return data
    },
  })
}

export function useEventList(query: EventQuery) {
  return useQuery({
    ...eventListQuery(query),
    placeholderData: keepPreviousData,
    refetchInterval: useRefetchInterval(),
  })
}
