import { queryOptions, useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, read } from '@/lib/api/client'
import { BookingList } from '@/lib/api/schemas'
import type { BookingWithEvent } from '@/lib/api/types'
import { live, readAt } from '@/lib/live/live'
import { quantityOf } from '@/lib/sale'

interface Part {
  limit?: number
  cursor?: string
  status?: BookingWithEvent['status']
  upcoming?: boolean
}

export async function getBookings(query: Part, signal: AbortSignal) {
  // The live connection may be ahead of the read model.
  const header = readAt(live.bookedAt)
  return (await read(BookingList, api.GET('/bookings', { params: { query, header }, signal }))).data
}

/** The tickets that can still be used. Nobody has so many that they need pages. */
export const ticketsQuery = queryOptions({
  queryKey: ['bookings', 'tickets'],
  queryFn: async ({ signal }) => (await getBookings({ status: 'CONFIRMED', upcoming: true }, signal)).data,
  staleTime: 30_000,
})

/** The tickets of events that have begun too. */
const usedTicketsQuery = queryOptions({
  queryKey: ['bookings', 'confirmed'],
  queryFn: async ({ signal }) => (await getBookings({ status: 'CONFIRMED' }, signal)).data,
  staleTime: 30_000,
})

export const useTickets = () => useQuery(ticketsQuery)

/**
 * How many tickets the user has for an event; undefined while unknown. Components render again only
 * when this number changes, not with every change of the list.
 */
export function useTicketsOf(eventId: string, hasBegun: boolean) {
  const select = useCallback(
    (tickets: BookingWithEvent[]) =>
      tickets.filter((b) => b.eventId === eventId).reduce((sum, { lines }) => sum + quantityOf(lines), 0),
    [eventId],
  )
  return useQuery({ ...(hasBegun ? usedTicketsQuery : ticketsQuery), select })
}
