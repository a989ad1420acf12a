import { useInfiniteQuery } from '@tanstack/react-query'
import { getBookings } from './list-bookings'

const PAGE_SIZE = 50

/** All bookings, latest first, page by page. */
export const useBookings = () =>
  useInfiniteQuery({
    queryKey: ['bookings', 'pages'],
    queryFn: ({ pageParam: cursor, signal }) =>
      getBookings({ limit: PAGE_SIZE, ...(cursor && { cursor }) }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.meta.next,
    staleTime: 30_000,
  })
