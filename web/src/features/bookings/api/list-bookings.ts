import { queryOptions, useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, read } from '@/lib/api/client'
import { BookingList } from '@/lib/api/schemas'
import type { BookingWithEvent } from '@/lib/api/types'

export const bookingsQuery = queryOptions({
  queryKey: ['bookings'],
  queryFn: async ({ signal }) => (await read(BookingList, api.GET('/bookings', { signal }))).data.data,
  staleTime: 30_000,
})

export const useBookings = () => useQuery(bookingsQuery)

/**
 * Whether the user has a ticket for an event; undefined while unknown. Components render again only
 * when this value changes, not with every change of the list.
 */
export function useIsBooked(eventId: string) {
  const select = useCallback(
    (bookings: BookingWithEvent[]) => bookings.some((b) => b.eventId === eventId && b.status === 'CONFIRMED'),
    [eventId],
  )
  return useQuery({ ...bookingsQuery, select })
}
