import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call } from '@/lib/api/client'
import type { StreamPage } from '@/lib/api/types'

export const PAGE_SIZE = 50

/** One page of a stream's records; pages start at 1. A long stream is never fetched at once. */
export function useStreamPage(id: string, page: number) {
  return useQuery({
    queryKey: ['audit', 'stream', id, 'page', page],
    queryFn: async ({ signal }) => {
      const after = (page - 1) * PAGE_SIZE
      return (await call<StreamPage>(`/audit/streams/${id}?after=${after}&limit=${PAGE_SIZE}`, { signal }))
        .data
    },
    placeholderData: (previous) => (previous?.streamId === id ? previous : undefined),
  })
}

/** The state of a stream at a version, with the record of that version. */
export function useStateAtVersion(id: string, version: number) {
  return useQuery({
    queryKey: ['audit', 'stream', id, 'at', version],
    queryFn: async ({ signal }) => {
      const query = `at=${version}&after=${version - 1}&limit=1`
      return (await call<StreamPage>(`/audit/streams/${id}?${query}`, { signal })).data
    },
    // The past does not change, so each version is fetched once.
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  })
}
