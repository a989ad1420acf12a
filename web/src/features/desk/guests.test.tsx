import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attendee } from '@/lib/api/types'
import { queryClient } from '@/lib/query-client'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, newId, problem, server } from '../../../test/server'
import { show as mount, textOf } from '../../../test/show'
import { Attendees } from './components/attendees'
import { Message } from './components/message'
import { SellHere } from './components/sell'

const toasts = vi.hoisted(() => ({ success: vi.fn(), error: vi.fn(), info: vi.fn(), warning: vi.fn() }))
vi.mock('@/lib/toast', () => ({ toast: toasts }))
const saved = vi.hoisted(() => vi.fn())
vi.mock('@/lib/save-file', () => ({ saveFile: saved }))

const event = anEvent({
  maxPerCustomer: 4,
  ticketTypes: [
    { id: 1, name: 'Floor', price: 49.99, remaining: 10 },
    { id: 2, name: 'Balcony', price: 20, remaining: 5 },
  ],
})
const desk = `*/api/desk/events/${event.id}`

const anAttendee = (part: Partial<Attendee> = {}): Attendee => ({
  bookingId: newId(),
  customerId: newId(),
  name: 'Ann Adams',
  email: 'ann@example.com',
  status: 'CONFIRMED',
  bookedAt: '2030-01-15T12:00:00Z',
  tickets: [{ ticketTypeId: 2, number: 1, checkedInAt: null }],
  ...part,
})

/** Serves attendees, and notes what is asked for. */
function serveAttendees(list: (query: URLSearchParams) => { data: Attendee[]; next?: string }) {
  const asked: string[] = []
  server.use(
    http.get(`${desk}/attendees`, ({ request }) => {
      const query = new URL(request.url).searchParams
      asked.push(query.toString())
      const { data, next } = list(query)
      return HttpResponse.json({ data, meta: { limit: 50, next } })
    }),
  )
  return asked
}

beforeEach(() => {
  startSession(aSession())
  server.use(http.get(`*/api/events/${event.id}`, () => HttpResponse.json(event)))
})

describe('the attendees', () => {
  it('are listed page by page, deleted accounts as such', async () => {
    const ann = anAttendee()
    const gone = anAttendee({ name: '', email: '' })
    serveAttendees((query) => (query.get('cursor') ? { data: [gone] } : { data: [ann], next: 'c' }))
    mount(<Attendees eventId={event.id} />)
    const row = within((await screen.findByText('Ann Adams')).closest('tr')!)
    expect(await row.findByText('Balcony 1')).toBeVisible()
    expect(row.getByText('ann@example.com')).toBeVisible()
    await userEvent.click(screen.getByRole('button', { name: 'Load more' }))
    expect(await screen.findByText('Deleted user')).toBeVisible()
    expect(screen.getAllByRole('row')).toHaveLength(3)
    expect(screen.queryByRole('button', { name: 'Load more' })).toBeNull()
  })

  it('are searched after a pause, and filtered', async () => {
    const asked = serveAttendees((query) => ({ data: query.get('search') ? [] : [anAttendee()] }))
    mount(<Attendees eventId={event.id} />)
    await screen.findByText('Ann Adams')
    await userEvent.selectOptions(screen.getByLabelText('Booking'), 'Confirmed')
    await screen.findByRole('option', { name: 'Balcony' })
    await userEvent.selectOptions(screen.getByLabelText('Ticket type'), 'Balcony')
    await userEvent.selectOptions(screen.getByLabelText('Check-in'), 'Not checked in')
    await userEvent.type(screen.getByRole('searchbox'), 'zoe b')
    expect(await screen.findByText('No matches')).toBeVisible()
    expect(asked.at(-1)).toContain('search=zoe+b')
    expect(asked.at(-1)).toContain('status=CONFIRMED&ticketTypeId=2&checkedIn=false')
    expect(asked.filter((query) => query.includes('search'))).toHaveLength(1)
    await userEvent.click(screen.getByRole('button', { name: 'Clear filters' }))
    expect(await screen.findByText('Ann Adams')).toBeVisible()
  })

  it('say when nobody has booked, and when they could not be loaded', async () => {
    serveAttendees(() => ({ data: [] }))
    const { unmount } = mount(<Attendees eventId={event.id} />)
    expect(await screen.findByText('Nobody has booked yet')).toBeVisible()
    unmount()
    queryClient.clear()
    server.use(http.get(`${desk}/attendees`, () => problem(403, 'not_your_event')))
    mount(<Attendees eventId={event.id} />)
    expect(await screen.findByText('Attendees couldn’t be loaded')).toBeVisible()
  })

  it('lose a booking, with a reason', async () => {
    const ann = anAttendee()
    let isCancelled = false
    const bodies: unknown[] = []
    serveAttendees(() => ({
      data: [isCancelled ? { ...ann, status: 'CANCELLED', cancelledAt: ann.bookedAt } : ann],
    }))
    server.use(
      http.post(`${desk}/bookings/${ann.bookingId}/cancel`, async ({ request }) => {
        const body = (await request.json()) as { reason: string }
        bodies.push([body, request.headers.get('Idempotency-Key')])
        if (body.reason === 'x')
          return problem(400, 'validation_failed', {}, [{ pointer: '/reason', detail: 'too short' }])
        isCancelled = true
        return HttpResponse.json(aChange(ann))
      }),
    )
    mount(<Attendees eventId={event.id} />)
    await userEvent.click(await screen.findByRole('button', { name: 'Cancel Ann Adams’s booking' }))
    const dialog = within(screen.getByRole('dialog', { name: 'Cancel this booking?' }))
    await userEvent.type(dialog.getByLabelText('Reason'), 'x')
    await userEvent.click(dialog.getByRole('button', { name: 'Cancel booking' }))
    expect(await dialog.findByText('Too short.')).toBeVisible()
    await userEvent.type(dialog.getByLabelText('Reason'), ' paid twice')
    await userEvent.click(dialog.getByRole('button', { name: 'Cancel booking' }))
    await waitFor(() => expect(toasts.success).toHaveBeenCalledWith('Ann Adams’s booking is cancelled.'))
    expect(await screen.findByText(/^Cancelled January/)).toBeVisible()
    expect(screen.queryByRole('button', { name: /Cancel the booking/ })).toBeNull()
    expect(bodies[1]).toEqual([{ reason: 'x paid twice' }, expect.any(String)])
  })

  it('are let out again, with a reason', async () => {
    const inside = { ticketTypeId: 2, number: 1, checkedInAt: '2030-03-15T10:00:00Z' }
    const ann = anAttendee({ tickets: [inside] })
    let body: unknown
    serveAttendees(() => ({ data: [body ? { ...ann, tickets: [{ ...inside, checkedInAt: null }] } : ann] }))
    server.use(
      http.post(`*/api/events/${event.id}/check-ins/undo`, async ({ request }) => {
        body = await request.json()
        const { bookingId, customerId, name } = ann
        const ticket = { bookingId, customerId, name, ticketType: 'Balcony', ticketTypeId: 2, number: 1 }
        return HttpResponse.json({ ...ticket, checkedInAt: null, checkedIn: 0, sold: 1 })
      }),
    )
    mount(<Attendees eventId={event.id} />)
    const undo = await screen.findByRole('button', { name: 'Undo check-in of Balcony 1, Ann Adams' })
    expect(screen.queryByRole('button', { name: /Cancel the booking/ })).toBeNull()
    await userEvent.click(undo)
    await userEvent.type(screen.getByLabelText('Reason'), 'the wrong door')
    await userEvent.click(screen.getByRole('button', { name: 'Undo check-in' }))
    expect(await screen.findByRole('button', { name: 'Cancel Ann Adams’s booking' })).toBeVisible()
    const ticket = { bookingId: ann.bookingId, ticketTypeId: 2, number: 1 }
    expect(body).toEqual({ ticket, reason: 'the wrong door' })
  })

  it('are downloaded, and one sees how far that is', async () => {
    serveAttendees(() => ({ data: [anAttendee()] }))
    let more!: (text?: string) => void
    server.use(
      http.get(`${desk}/attendees.csv`, ({ request }) => {
        expect(new URL(request.url).search).toBe('?bom=true')
        const lines = new ReadableStream<Uint8Array>({
          start: (to) => {
            more = (text) => (text ? to.enqueue(new TextEncoder().encode(text)) : to.close())
            more('booking,…\r\n1\r\n')
          },
        })
        return new HttpResponse(lines, {
          headers: { 'Total-Rows': '2500', 'Content-Disposition': 'attachment; filename="a.csv"' },
        })
      }),
    )
    mount(<Attendees eventId={event.id} />)
    await userEvent.click(screen.getByRole('button', { name: 'Download CSV' }))
    expect(await screen.findByText('1 of 2,500 tickets')).toBeVisible()
    more('2\r\n3\r\n')
    expect(await screen.findByText('3 of 2,500 tickets')).toBeVisible()
    expect(screen.getByRole('progressbar')).toHaveAttribute('value', '3')
    more()
    await waitFor(() => expect(saved).toHaveBeenCalledOnce())
    const file = saved.mock.calls[0]![0] as File
    expect(file.name).toBe('a.csv')
    expect(await textOf(file)).toBe('booking,…\r\n1\r\n2\r\n3\r\n')
    expect(screen.queryByRole('progressbar')).toBeNull()
  })

  it('are downloaded with semicolons where a spreadsheet wants them', async () => {
    saved.mockClear()
    serveAttendees(() => ({ data: [anAttendee()] }))
    server.use(
      http.get(`${desk}/attendees.csv`, ({ request }) => {
        expect(new URL(request.url).searchParams.get('separator')).toBe('semicolon')
        return new HttpResponse('booking;…\r\n', { headers: { 'Total-Rows': '0' } })
      }),
    )
    mount(<Attendees eventId={event.id} />)
    await userEvent.click(screen.getByRole('checkbox', { name: 'Separate columns with semicolons' }))
    await userEvent.click(screen.getByRole('button', { name: 'Download CSV' }))
    await waitFor(() => expect(saved).toHaveBeenCalledOnce())
  })
})

const aChange = (of: { bookingId: string; customerId: string }) => ({
  booking: {
    id: of.bookingId,
    eventId: event.id,
    userId: of.customerId,
    status: 'CONFIRMED',
    createdAt: '2030-01-15T12:00:00Z',
    lines: [{ ticketTypeId: 1, quantity: 1 }],
  },
  event: { id: event.id, title: event.title, remainingTickets: 59, version: 4 },
})

describe('selling at the desk', () => {
  it('books for somebody by e-mail', async () => {
    const bodies: unknown[] = []
    server.use(
      http.post(`${desk}/bookings`, async ({ request }) => {
        bodies.push(await request.json())
        return bodies.length === 1
          ? problem(404, 'user_not_found')
          : HttpResponse.json(aChange(anAttendee()), { status: 201 })
      }),
    )
    mount(<SellHere eventId={event.id} />)
    await userEvent.type(await screen.findByLabelText('Customer’s e-mail'), 'bob@example.com')
    await userEvent.selectOptions(screen.getByLabelText('Ticket type'), 'Balcony, $20.00')
    await userEvent.type(screen.getByLabelText('Tickets'), '{Backspace}3')
    await userEvent.click(screen.getByRole('button', { name: 'Book tickets' }))
    expect(await screen.findByText(/No account uses this/)).toBeVisible()
    await userEvent.click(screen.getByRole('button', { name: 'Book tickets' }))
    await waitFor(() => expect(toasts.success).toHaveBeenCalledWith('Booked 3 tickets for bob@example.com.'))
    expect(screen.getByLabelText('Customer’s e-mail')).toHaveValue('')
    expect(bodies).toEqual(
      Array(2).fill({ email: 'bob@example.com', lines: [{ ticketTypeId: 2, quantity: 3 }] }),
    )
  })
})

describe('messages', () => {
  const sent = {
    subject: 'Doors open at 7',
    text: 'Come early.\nThanks.',
    sentAt: '2030-03-14T10:00:00Z',
    sentBy: { userId: newId(), name: 'Olga' },
    recipients: 2,
  }

  it('are sent once it is confirmed, and listed', async () => {
    const bodies: unknown[] = []
    server.use(
      http.get(`${desk}/messages`, () => HttpResponse.json({ data: bodies.length > 0 ? [sent] : [] })),
      http.post(`${desk}/messages`, async ({ request }) => {
        bodies.push(await request.json())
        return HttpResponse.json(sent, { status: 201 })
      }),
    )
    mount(<Message eventId={event.id} role="manage" />)
    expect(await screen.findByText('Nothing has been sent yet.')).toBeVisible()
    await userEvent.type(screen.getByLabelText('Subject'), sent.subject)
    await userEvent.type(screen.getByLabelText('Text'), 'Come early.{Enter}Thanks.')
    await userEvent.click(screen.getByRole('button', { name: 'Send message' }))
    expect(bodies).toHaveLength(0)
    await userEvent.click(screen.getByRole('button', { name: 'Send' }))
    await waitFor(() => expect(toasts.success).toHaveBeenCalledWith('Sent to 2 people.'))
    expect(await screen.findByText(/^Olga, March 14, 2030.*, to 2 people$/)).toBeVisible()
    expect(bodies).toEqual([{ subject: sent.subject, text: sent.text }])
    expect(screen.getByLabelText('Subject')).toHaveValue('')
  })

  it('that are refused stay to be changed', async () => {
    server.use(
      http.get(`${desk}/messages`, () => HttpResponse.json({ data: [sent] })),
      http.post(`${desk}/messages`, () => problem(409, 'too_many_messages')),
    )
    mount(<Message eventId={event.id} role="owner" />)
    await userEvent.type(await screen.findByLabelText('Subject'), 'More')
    await userEvent.type(screen.getByLabelText('Text'), 'Text')
    await userEvent.click(screen.getByRole('button', { name: 'Send message' }))
    await userEvent.click(screen.getByRole('button', { name: 'Send' }))
    expect(await screen.findByText('It says too_many_messages')).toBeVisible()
    expect(screen.getByLabelText('Subject')).toHaveValue('More')
  })

  it('are read by those who sell, and written by those who manage', async () => {
    server.use(http.get(`${desk}/messages`, () => HttpResponse.json({ data: [sent] })))
    mount(<Message eventId={event.id} role="sell" />)
    expect(await screen.findByText('Doors open at 7')).toBeVisible()
    expect(screen.queryByLabelText('Subject')).toBeNull()
  })
})
