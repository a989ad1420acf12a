import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { StreamList } from '@/lib/api/schemas-audit'

export interface StreamQuery {
  search: string
  /** Only streams that begin after this position of the log. */
  after: number
}

const PAGE_SIZE = 50

export function useStreamList({ search, after }: StreamQuery) {
  const query = { after, limit: PAGE_SIZE, ...(search && { search }) }
  return useQuery({
    queryKey: ['audit', 'streams', query],
    queryFn: async ({ signal }) =>
      (await read(StreamList, api.GET('/audit/streams', { params: { query }, signal }))).data,
    placeholderData: keepPreviousData,
  })
}
