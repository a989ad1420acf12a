import { useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { StreamFairness } from '@/lib/api/schemas-audit'

const STEPS = 50

/** Who was offered tickets that became free. Not asked for by itself: the server replays the whole stream. */
export function useFairness(id: string, after: number) {
  return useQuery({
    queryKey: ['audit', 'stream', id, 'fairness', after],
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { after, limit: STEPS } }
      return (await read(StreamFairness, api.GET('/audit/streams/{id}/fairness', { params, signal }))).data
    },
    enabled: false,
    gcTime: 0,
    placeholderData: (previous) => (previous?.streamId === id ? previous : undefined),
  })
}
