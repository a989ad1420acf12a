import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { untilDecided } from '@/lib/api/decided'
import { BookingChange } from '@/lib/api/schemas'
import { AttendeeList, CheckedTicket, Message, MessageList } from '@/lib/api/schemas-guests'
import type { OrganizerMessage, TicketLine } from '@/lib/api/types'
import { deskKeys } from '@/lib/event-cache'
import { live } from '@/lib/live/live'

export interface AttendeeFilters {
  search?: string
  ticketTypeId?: number
  status?: 'CONFIRMED' | 'CANCELLED'
  checkedIn?: 'true' | 'false'
}

const PAGE_SIZE = 50

// A command may be ahead of the read model.
const minPosition = () => (live.bookedAt ? { 'Min-Log-Position': live.bookedAt } : {})

/** Bookings of an event, oldest first, page by page. */
export const attendeesQuery = (id: string, filters: AttendeeFilters) =>
  infiniteQueryOptions({
    queryKey: [...deskKeys.attendees(id), filters],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { limit: PAGE_SIZE, ...filters, ...(cursor && { cursor }) }
      const params = { path: { id }, query, header: minPosition() }
      return (await read(AttendeeList, api.GET('/desk/events/{id}/attendees', { params, signal }))).data
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.meta.next,
  })

/** The path of the list as a file. */
export function attendeesFile(id: string, filters: AttendeeFilters): string {
  const query = new URLSearchParams({ bom: 'true' })
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, String(value))
  return `/desk/events/${id}/attendees.csv?${query}`
}

async function change<T>(answer: Promise<{ data: T; position: number | undefined }>): Promise<T> {
  const { data, position } = await answer
  live.readFrom(position)
  return data
}

export const cancelBookingOf = (id: string, bookingId: string, reason: string, key: string) =>
  untilDecided(() =>
    change(
      read(
        BookingChange,
        api.POST('/desk/events/{id}/bookings/{bookingId}/cancel', {
          params: { path: { id, bookingId }, header: { 'Idempotency-Key': key } },
          body: { reason },
        }),
      ),
    ),
  )

export const undoCheckIn = (
  id: string,
  ticket: { bookingId: string; ticketTypeId: number; number: number },
  reason: string,
  key: string,
) =>
  untilDecided(() =>
    change(
      read(
        CheckedTicket,
        api.POST('/events/{id}/check-ins/undo', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
          body: { ticket, reason },
        }),
      ),
    ),
  )

export const bookFor = (id: string, email: string, lines: TicketLine[], key: string) =>
  untilDecided(() =>
    change(
      read(
        BookingChange,
        api.POST('/desk/events/{id}/bookings', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
          body: { email, lines },
        }),
      ),
    ),
  )

export const messagesQuery = (id: string) =>
  queryOptions({
    queryKey: deskKeys.messages(id),
    queryFn: async ({ signal }): Promise<OrganizerMessage[]> => {
      const params = { path: { id }, header: minPosition() }
      return (await read(MessageList, api.GET('/desk/events/{id}/messages', { params, signal }))).data.data
    },
  })

export const sendMessage = (id: string, body: { subject: string; text: string }, key: string) =>
  untilDecided(() =>
    change(
      read(
        Message,
        api.POST('/desk/events/{id}/messages', {
          params: { path: { id }, header: { 'Idempotency-Key': key } },
          body,
        }),
      ),
    ),
  )
