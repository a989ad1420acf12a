import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { EventPage } from '@/lib/api/schemas'
import { eventKeys, withNewestCounts } from '@/lib/event-cache'
import { live } from '@/lib/live/live'
import { parametersOf, type EventQuery } from '../event-query'

// Fills rows of one, two and three cards.
const PAGE_SIZE = 12

function eventListQuery(asked: EventQuery) {
  const query = { ...parametersOf(asked), upcoming: true, limit: PAGE_SIZE }
  return queryOptions({
    queryKey: eventKeys.list(query),
    queryFn: async ({ signal }) => {
      const { data, position } = await read(EventPage, api.GET('/events', { params: { query }, signal }))
      live.seen(position)
      return { ...data, data: data.data.map(withNewestCounts) }
    },
  })
}

export const useEventList = (query: EventQuery) =>
  useQuery({ ...eventListQuery(query), placeholderData: keepPreviousData })
