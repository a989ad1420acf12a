import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call } from '@/lib/api/client'
import type { StreamList } from '@/lib/api/types'

export interface StreamQuery {
  search: string
  /** Only streams that begin after this position of the log. */
  after: number
}

const PAGE_SIZE = 50

export function useStreamList(query: StreamQuery) {
  return useQuery({
    queryKey: ['audit', 'streams', query],
    queryFn: async ({ signal }) => {
      const parameters = new URLSearchParams({ limit: String(PAGE_SIZE), after: String(query.after) })
      if (query.search) parameters.set('search', query.search)
      return (await call<StreamList>(`/audit/streams?${parameters}`, { signal })).data
    },
    placeholderData: keepPreviousData,
  })
}
