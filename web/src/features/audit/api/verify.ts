import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { codeOf } from '@/lib/api/error'
import { Verification as schema } from '@/lib/api/schemas'
import type { Verification } from '@/lib/api/types'

const POLL_INTERVAL = 500

export type Verifying =
  | { phase: 'idle' }
  | { phase: 'starting' }
  | { phase: 'running' | 'done'; run: Verification }
  /** Its result is unknown: the server now has another verification, or none. */
  | { phase: 'lost' }
  | { phase: 'unreachable'; error: unknown; retry: () => void }

/** Verifies a stream, or the whole log, in the background of the server, and reports progress. */
export function useVerification(streamId?: string): { verifying: Verifying; start: () => void } {
  const client = useQueryClient()
  const begin = useMutation({
    mutationFn: async () =>
      (await read(schema, api.POST('/audit/verify', { body: streamId ? { streamId } : {} }))).data,
    onSuccess: (run) => client.setQueryData(['audit', 'verification', run.id], run),
  })
  const id = begin.data?.id
  const follow = useQuery({
    queryKey: ['audit', 'verification', id],
    queryFn: async ({ signal }) => (await read(schema, api.GET('/audit/verify', { signal }))).data,
    enabled: id !== undefined,
    staleTime: Infinity,
    refetchInterval: ({ state: { data, error } }) =>
      !error && data?.id === id && data?.state === 'running' ? POLL_INTERVAL : false,
  })
  const run = follow.data ?? begin.data

  const verifying = ((): Verifying => {
    if (begin.isPending) return { phase: 'starting' }
    if (begin.error) return { phase: 'unreachable', error: begin.error, retry: () => begin.mutate() }
    if (!run) return { phase: 'idle' }
    if (run.id !== id || codeOf(follow.error) === 'not_verified') return { phase: 'lost' }
    if (follow.error) return { phase: 'unreachable', error: follow.error, retry: () => void follow.refetch() }
    return { phase: run.state === 'running' ? 'running' : 'done', run }
  })()
  return { verifying, start: () => begin.mutate() }
}
