import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { codeOf } from '@/lib/api/error'
import { Verification as schema, VerificationList as listSchema } from '@/lib/api/schemas-audit'
import type { Verification } from '@/lib/api/types'

const POLL_INTERVAL = 500

export type Verifying =
  | { phase: 'idle' }
  | { phase: 'starting' }
  | { phase: 'running' | 'done'; run: Verification }
  /** Its result is unknown: the servers do not have it any more. */
  | { phase: 'lost' }
  | { phase: 'unreachable'; error: unknown; retry: () => void }

/**
 * Verifies a stream, or the whole log, in the background of the servers, and reports progress. One
 * that runs already, for example since before a reload of the page, is followed too.
 */
export function useVerification(streamId?: string): { verifying: Verifying; start: () => void } {
  const client = useQueryClient()
  const begin = useMutation({
    mutationFn: async () =>
      (await read(schema, api.POST('/audit/verifications', { body: streamId ? { streamId } : {} }))).data,
    onSuccess: (run) => client.setQueryData(['audit', 'verification', run.id], run),
  })
  const newest = useQuery({
    queryKey: ['audit', 'verifications', 'newest'],
    queryFn: async ({ signal }) =>
      (await read(listSchema, api.GET('/audit/verifications', { params: { query: { limit: 1 } }, signal })))
        .data.data[0] ?? null,
    staleTime: Infinity,
    gcTime: 0,
  })
  const running = newest.data?.state === 'running' ? newest.data : undefined
  const begun = begin.data ?? running
  const id = begun?.id
  const follow = useQuery({
    queryKey: ['audit', 'verification', id],
    queryFn: async ({ signal }) =>
      (
        await read(
          schema,
          api.GET('/audit/verifications/{id}', { params: { path: { id: id ?? '' } }, signal }),
        )
      ).data,
    enabled: id !== undefined,
    staleTime: Infinity,
    refetchInterval: ({ state: { data, error } }) =>
      !error && data?.state === 'running' ? POLL_INTERVAL : false,
  })
  const run = follow.data ?? begun

  const verifying = ((): Verifying => {
    if (begin.isPending) return { phase: 'starting' }
    if (begin.error) return { phase: 'unreachable', error: begin.error, retry: () => begin.mutate() }
    if (!run) return { phase: 'idle' }
    if (codeOf(follow.error) === 'not_verified') return { phase: 'lost' }
    if (follow.error) return { phase: 'unreachable', error: follow.error, retry: () => void follow.refetch() }
    return { phase: run.state === 'running' ? 'running' : 'done', run }
  })()
  return { verifying, start: () => begin.mutate() }
}
