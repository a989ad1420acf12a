import { useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { DeskEvent } from '@/lib/api/schemas-desk'
import { deskKeys } from '@/lib/event-cache'
import { live, readAt } from '@/lib/live/live'

/** An event with what has become of its tickets. */
export const useDeskEvent = (id: string) =>
  useQuery({
    queryKey: deskKeys.one(id),
    queryFn: async ({ signal }) => {
      const params = { path: { id }, header: readAt(live.changedAt) }
      return (await read(DeskEvent, api.GET('/desk/events/{id}', { params, signal }))).data
    },
  })
