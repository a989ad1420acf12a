import { useQuery } from '@tanstack/react-query'
import { api } from '@/lib/api/client'
import { done } from '@/lib/api/done'
import { codeOf } from '@/lib/api/error'

/**
 * Whether the user may change this event, or undefined until that is known. An account of an
 * organizer is not enough: the event may be another's, and the event itself does not say whose.
 */
export const useMayManage = (id: string): boolean | undefined =>
  useQuery({
    queryKey: ['organizers', id],
    queryFn: async ({ signal }) => {
      try {
        await done(api.GET('/events/{id}/organizers', { params: { path: { id } }, signal }))
        return true
      } catch (error) {
        if (codeOf(error) === 'not_your_event') return false
        throw error
      }
    },
    staleTime: 60_000,
  }).data
