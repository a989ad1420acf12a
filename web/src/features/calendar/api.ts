import { queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { done } from '@/lib/api/done'
import { CalendarFeed, CalendarFeedList } from '@/lib/api/schemas-calendar'
import type { components } from '@/lib/api/schema'

export type Feed = components['schemas']['CalendarFeed']
export type Kind = Feed['kind']

/** The addresses that the user's calendars subscribe to. */
export const feedsQuery = queryOptions({
  queryKey: ['account', 'calendars'],
  queryFn: async ({ signal }) => (await read(CalendarFeedList, api.GET('/calendar', { signal }))).data.data,
})

export const makeFeed = async (kind: Kind): Promise<Feed> =>
  (await read(CalendarFeed, api.POST('/calendar', { body: { kind } }))).data

export const endFeed = (kind: Kind) => done(api.DELETE('/calendar', { params: { query: { kind } } }))
