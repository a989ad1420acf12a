import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { DeskEventList } from '@/lib/api/schemas-desk'
import { deskKeys } from '@/lib/event-cache'
import { live, readAt } from '@/lib/live/live'

export interface DeskQuery {
  search: string
  upcoming: boolean
}

const PAGE_SIZE = 20

/** One's own events, page by page. */
export function useDeskEvents({ search, upcoming }: DeskQuery) {
  const asked = { limit: PAGE_SIZE, upcoming, ...(search && { q: search }) }
  return useInfiniteQuery({
    queryKey: [...deskKeys.lists, asked],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { ...asked, ...(cursor && { cursor }) }
      return (
        await read(
          DeskEventList,
          api.GET('/desk/events', { params: { query, header: readAt(live.changedAt) }, signal }),
        )
      ).data
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.meta.next,
    placeholderData: keepPreviousData,
  })
}
