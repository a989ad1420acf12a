import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import type { BookingWithEvent, Event, Session } from '@/lib/api/types'

export const server = setupServer(
  http.get('*/api/bookings', () => bookingList([])),
  http.get('*/api/holds', () => HttpResponse.json({ data: [] })),
  http.get('*/api/waitlist', () => HttpResponse.json({ data: [] })),
  http.get('*/api/events/:id/organizers', () => HttpResponse.json({ data: [] })),
  http.get('*/api/events', () =>
    HttpResponse.json({ data: [], meta: { total: 0, page: 1, limit: 12, totalPages: 0 } }),
  ),
)

/** A page of bookings, as GET /bookings answers. */
export const bookingList = (data: BookingWithEvent[], next?: string) =>
  HttpResponse.json({ data, meta: { limit: 50, next } })

export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  errors?: { pointer: string; detail: string }[],
  more: { waitlist?: boolean } = {},
) {
  return HttpResponse.json(
    {
      type: `urn:boxoffice:problem:${code}`,
      title: '',
      status,
      code,
      detail: `It says ${code}`,
      errors,
      ...more,
    },
    { status, headers: { 'Content-Type': 'application/problem+json', ...headers } },
  )
}

let ids = 0
export const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`

export function anEvent(part: Partial<Event> = {}): Event {
  return {
    id: newId(),
    title: 'Jazz Night',
    description: '',
    date: '2030-03-15T10:00:00Z',
    timeZone: 'UTC',
    endsAt: null,
    venue: 'Blue Door Club',
    category: '',
    organizerName: '',
    image: null,
    requireProofOfWork: false,
    totalTickets: 100,
    remainingTickets: 60,
    price: 49.99,
    currency: 'USD',
    status: 'SCHEDULED',
    version: 3,
    maxPerCustomer: 1,
    ticketTypes: [
      {
        id: 1,
        name: 'General admission',
        price: 49.99,
        remaining: part.remainingTickets ?? 60,
      },
    ],
    ...part,
  }
}

export function aBooking(event: Event, part: Partial<BookingWithEvent> = {}): BookingWithEvent {
  return {
    id: newId(),
    eventId: event.id,
    userId: newId(),
    status: 'CONFIRMED',
    createdAt: '2030-01-15T12:00:00Z',
    event,
    lines: [{ ticketTypeId: 1, quantity: 1 }],
    ...part,
  }
}

export function aSession(accessToken = 'access-1', part: Partial<Session['user']> = {}): Session {
  return {
    accessToken,
    user: {
      id: 'u1',
      email: 'alice@example.com',
      name: 'Alice Martin',
      role: 'customer',
      emailVerified: true,
      ...part,
    },
  }
}
