import { queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { DeskEventList } from '@/lib/api/schemas-desk'
import type { DeskListedEvent } from '@/lib/api/types'
import { deskKeys } from '@/lib/event-cache'

const asked = { limit: 100, upcoming: true }

/** Events that can have a webhook of their own: the next ones that the user may manage. */
export const eventsQuery = queryOptions({
  queryKey: [...deskKeys.lists, 'managed'],
  queryFn: async ({ signal }) =>
    (
      await read(DeskEventList, api.GET('/desk/events', { params: { query: asked }, signal }))
    ).data.data.filter(mayManage),
})

const mayManage = ({ role }: DeskListedEvent) => role !== 'sell' && role !== 'check_in'
