import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { StreamPage } from '@/lib/api/schemas-audit'

export const PAGE_SIZE = 25

type Part = { at?: string; after: number; limit: number }

async function getStream(id: string, query: Part, signal: AbortSignal) {
  const params = { path: { id }, query }
  return (await read(StreamPage, api.GET('/audit/streams/{id}', { params, signal }))).data
}

/** One page of a stream's records; pages start at 1. A long stream is never fetched at once. */
export function useStreamPage(id: string, page: number) {
  return useQuery({
    queryKey: ['audit', 'stream', id, 'page', page],
    queryFn: ({ signal }) => getStream(id, { after: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }, signal),
    placeholderData: (previous) => (previous?.streamId === id ? previous : undefined),
  })
}

/** The state of a stream at a version, with the record of that version. */
export function useStateAtVersion(id: string, version: number) {
  return useQuery({
    queryKey: ['audit', 'stream', id, 'at', version],
    queryFn: ({ signal }) => getStream(id, { at: String(version), after: version - 1, limit: 1 }, signal),
    // The past does not change, so each version is fetched once.
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  })
}
