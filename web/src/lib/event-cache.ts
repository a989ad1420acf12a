import type { InfiniteData } from '@tanstack/react-query'
import type { BookingList, BookingWithEvent, Event, EventPage } from '@/lib/api/types'
import { queryClient } from '@/lib/query-client'

/** The fields of an event that are pushed. The version decides which of two values is newer. */
export interface Change {
  eventId: string
  version: number
  remainingTickets: number
  totalTickets?: number
  status?: Event['status']
}

export const eventKeys = {
  all: ['events'],
  lists: ['events', 'list'],
  list: (query: object) => ['events', 'list', query],
  one: (id: string) => ['events', 'one', id],
} as const

export const bookingKeys = { all: ['bookings'] } as const

export const deskKeys = {
  all: ['desk'],
  lists: ['desk', 'list'],
  one: (id: string) => ['desk', 'one', id],
  sales: (id: string) => ['desk', 'sales', id],
  attendees: (id: string) => ['desk', 'attendees', id],
  messages: (id: string) => ['desk', 'messages', id],
} as const

/** The user's holds and places on waiting lists. */
export const holdKeys = { all: ['holds'], list: ['holds', 'list'], waitlist: ['holds', 'waitlist'] } as const

/**
 * Writes a change into every cached answer, unless it has a newer version: answers and pushes may
 * overtake each other, and counts must not go back. Only the changed event becomes a new object, so
 * that only its card renders again.
 */
export function applyChange({ eventId, ...change }: Change): void {
  const newer = (event: Event) => (change.version > event.version ? { ...event, ...change } : event)
  update(eventId, newer)
  // Of a ticket's event only the status is shown.
  if (change.status)
    updateBookings((b) =>
      b.eventId === eventId && b.event.status !== change.status ? { ...b, event: newer(b.event) } : b,
    )
}

/** Lets the next answers win, also those with lower versions: the server may have been restored. */
export function forgetVersions(): void {
  updateAll((event) => ({ ...event, version: 0 }))
}

/** Records the meaning of a refused booking: no tickets are left, at least at the version shown. */
export function markSoldOut(refused: Event): void {
  update(refused.id, (event) => (event.version > refused.version ? event : { ...event, remainingTickets: 0 }))
}

/** An event of a new answer, with the counts that the cache has from a later version. */
export function withNewestCounts(event: Event): Event {
  let newest = event
  for (const [, data] of queryClient.getQueriesData<EventPage | Event>({ queryKey: eventKeys.all }))
    for (const cached of eventsOf(data))
      if (cached.id === event.id && cached.version >= newest.version) newest = cached
  const { version, remainingTickets, totalTickets, status } = newest
  return newest === event ? event : { ...event, version, remainingTickets, totalTickets, status }
}

/** The event as far as another page has loaded it. */
export function cachedEvent(id: string): Event | undefined {
  return queryClient
    .getQueriesData<EventPage | Event>({ queryKey: eventKeys.all })
    .flatMap(([, data]) => eventsOf(data))
    .find((event) => event.id === id)
}

const eventsOf = (data: EventPage | Event | undefined): Event[] =>
  !data ? [] : 'data' in data ? data.data : [data]

function update(id: string, change: (event: Event) => Event): void {
  updateAll((event) => (event.id === id ? change(event) : event))
}

function updateAll(changeOne: (event: Event) => Event): void {
  const queries = queryClient.getQueryCache()
  for (const query of queries.findAll({ queryKey: eventKeys.all })) {
    const data = query.state.data as EventPage | Event | undefined
    if (!data) continue
    const changed = 'data' in data ? withItems(data, changeOne) : changeOne(data)
    if (changed !== data) query.setData(changed, { updatedAt: query.state.dataUpdatedAt, manual: true })
  }
}

function updateBookings(changeOne: (booking: BookingWithEvent) => BookingWithEvent): void {
  const inPage = (page: BookingList) => ({ ...page, data: page.data.map(changeOne) })
  queryClient.setQueriesData<BookingWithEvent[] | InfiniteData<BookingList>>(
    { queryKey: bookingKeys.all },
    (data) => data && ('pages' in data ? { ...data, pages: data.pages.map(inPage) } : data.map(changeOne)),
  )
}

/** The same page if no item changes. */
function withItems(page: EventPage, change: (event: Event) => Event): EventPage {
  const data = page.data.map(change)
  return data.some((event, i) => event !== page.data[i]) ? { ...page, data } : page
}
