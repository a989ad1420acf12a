import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { Event } from '@/lib/api/schemas'
import { cachedEvent, eventKeys, withNewestCounts } from '@/lib/event-cache'
import { live } from '@/lib/live/live'

export async function getEvent(id: string, signal?: AbortSignal) {
  const { data, position } = await read(Event, api.GET('/events/{id}', { params: { path: { id } }, signal }))
  live.seen(position)
  return withNewestCounts(data)
}

export const eventQuery = (id: string) =>
  queryOptions({ queryKey: eventKeys.one(id), queryFn: ({ signal }) => getEvent(id, signal) })

/** Coming from the list, the user sees its data at once. */
export const useEvent = (id: string) =>
  useQuery({ ...eventQuery(id), placeholderData: () => cachedEvent(id) })
