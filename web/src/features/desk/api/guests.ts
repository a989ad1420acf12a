import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { command } from '@/lib/api/command'
import { BookingChange } from '@/lib/api/schemas'
import { AttendeeList, CheckedTicket, Message, MessageList } from '@/lib/api/schemas-guests'
import type { OrganizerMessage, TicketLine } from '@/lib/api/types'
import { deskKeys } from '@/lib/event-cache'
import { live, readAt } from '@/lib/live/live'

export interface AttendeeFilters {
  search?: string
  ticketTypeId?: number
  status?: 'CONFIRMED' | 'CANCELLED'
  checkedIn?: 'true' | 'false'
}

const PAGE_SIZE = 50

/** Bookings of an event, oldest first, page by page. */
export const attendeesQuery = (id: string, filters: AttendeeFilters) =>
  infiniteQueryOptions({
    queryKey: [...deskKeys.attendees(id), filters],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { limit: PAGE_SIZE, ...filters, ...(cursor && { cursor }) }
      const params = { path: { id }, query, header: readAt(live.bookedAt) }
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

const withKey = (key: string) => ({ 'Idempotency-Key': key })

export const cancelBookingOf = (id: string, bookingId: string, reason: string, key: string) =>
  command(BookingChange, () =>
    api.POST('/desk/events/{id}/bookings/{bookingId}/cancel', {
      params: { path: { id, bookingId }, header: withKey(key) },
      body: { reason },
    }),
  )

export const undoCheckIn = (
  id: string,
  ticket: { bookingId: string; ticketTypeId: number; number: number },
  reason: string,
  key: string,
) =>
  command(CheckedTicket, () =>
    api.POST('/events/{id}/check-ins/undo', {
      params: { path: { id }, header: withKey(key) },
      body: { ticket, reason },
    }),
  )

export const bookFor = (id: string, email: string, lines: TicketLine[], key: string) =>
  command(BookingChange, () =>
    api.POST('/desk/events/{id}/bookings', {
      params: { path: { id }, header: withKey(key) },
      body: { email, lines },
    }),
  )

export const messagesQuery = (id: string) =>
  queryOptions({
    queryKey: deskKeys.messages(id),
    queryFn: async ({ signal }): Promise<OrganizerMessage[]> => {
      const params = { path: { id }, header: readAt(live.bookedAt) }
      return (await read(MessageList, api.GET('/desk/events/{id}/messages', { params, signal }))).data.data
    },
  })

export const sendMessage = (id: string, body: { subject: string; text: string }, key: string) =>
  command(Message, () =>
    api.POST('/desk/events/{id}/messages', { params: { path: { id }, header: withKey(key) }, body }),
  )
