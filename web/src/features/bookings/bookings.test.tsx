import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { BookingWithEvent } from '@/lib/api/types'
import { eventKeys } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { startSession } from '@/lib/session/session'
import { show as render, textOf } from '../../../test/show'
import { aBooking, anEvent, aSession, bookingList, problem, server } from '../../../test/server'
import { calendarFile } from './calendar'
import { BookingList } from './components/booking-list'

const toasts = vi.hoisted(() => ({ success: vi.fn(), error: vi.fn(), info: vi.fn(), warning: vi.fn() }))
vi.mock('@/lib/toast', () => ({ toast: toasts }))
const saved = vi.hoisted(() => vi.fn())
vi.mock('@/lib/save-file', () => ({ saveFile: saved }))

/** Answers like the API, which filters; with pages of the given size. */
function serve(bookings: () => BookingWithEvent[], size = 50) {
  server.use(
    http.get('*/api/bookings', ({ request }) => {
      const { searchParams } = new URL(request.url)
      if (searchParams.get('upcoming'))
        return bookingList(
          bookings().filter((b) => b.status === 'CONFIRMED' && Date.parse(b.event.date) > Date.now()),
        )
      const from = Number(searchParams.get('cursor'))
      const next = from + size < bookings().length ? String(from + size) : undefined
      return bookingList(bookings().slice(from, from + size), next)
    }),
  )
}

function show(bookings: BookingWithEvent[]) {
  serve(() => bookings)
  render(
    <>
      <h1 tabIndex={-1}>My bookings</h1>
      <BookingList />
    </>,
  )
}

beforeEach(() => {
  for (const mock of [...Object.values(toasts), saved]) mock.mockReset()
  startSession(aSession())
})

describe('my bookings', () => {
  it('are grouped into upcoming, past and cancelled', async () => {
    const at = (title: string, date: string, status: 'CONFIRMED' | 'CANCELLED' = 'CONFIRMED') =>
      aBooking(anEvent({ title, date }), { status })
    show([
      at('Later', '2031-01-01T00:00:00Z'),
      at('Sooner', '2030-01-01T00:00:00Z'),
      at('Over', '2020-01-01T00:00:00Z'),
      at('Given back', '2030-01-01T00:00:00Z', 'CANCELLED'),
      aBooking(anEvent({ title: 'Called off', status: 'CANCELLED' })),
    ])
    const titles = async (name: string) =>
      within(await screen.findByRole('region', { name }))
        .getAllByRole('heading', { level: 3 })
        .map((h) => h.textContent)
    expect(await titles('Upcoming')).toEqual(['Sooner', 'Later'])
    expect(await titles('Past')).toEqual(['Over'])
    expect(await titles('Cancelled')).toEqual(['Given back', 'Called off'])
    expect(screen.getAllByRole('button', { name: /Cancel Booking/ })).toHaveLength(2)
  })

  it('come page by page', async () => {
    const bookings = ['One', 'Two', 'Three'].map((title) =>
      aBooking(anEvent({ title, date: '2020-01-01T00:00:00Z' })),
    )
    show([])
    serve(() => bookings, 2)
    await queryClient.invalidateQueries()
    await userEvent.click(await screen.findByRole('button', { name: 'Show more bookings' }))
    expect(await screen.findByRole('heading', { name: 'Three' })).toBeInTheDocument()
    expect(screen.getAllByRole('heading', { level: 3 })).toHaveLength(3)
    expect(screen.queryByRole('button', { name: 'Show more bookings' })).not.toBeInTheDocument()
  })

  it('offer the next step when there are none', async () => {
    show([])
    expect(await screen.findByText('You haven’t booked any events yet')).toBeInTheDocument()
    expect(screen.getByRole('link', { name: 'Browse events' })).toHaveAttribute('href', '/events')
  })

  it('are cancelled after a confirmation, and the ticket is back on sale', async () => {
    const booking = aBooking(anEvent())
    show([booking])
    queryClient.setQueryData(eventKeys.one(booking.eventId), booking.event)
    server.use(
      http.delete(`*/api/bookings/${booking.id}`, () => {
        const cancelled = { ...booking, status: 'CANCELLED' as const, cancelledAt: '2030-01-16T12:00:00Z' }
        serve(() => [cancelled])
        const { event, ...rest } = cancelled
        return HttpResponse.json({
          booking: rest,
          event: { id: event.id, title: event.title, remainingTickets: 61, version: 4 },
        })
      }),
    )
    const open = await screen.findByRole('button', { name: /Cancel Booking/ })
    await userEvent.click(open)
    const dialog = await screen.findByRole('alertdialog', { name: 'Cancel this booking?' })
    await userEvent.click(within(dialog).getByRole('button', { name: 'Keep booking' }))
    await waitFor(() => expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument())
    await waitFor(() => expect(open).toHaveFocus())
    await userEvent.click(open)
    await userEvent.click(
      within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'Cancel Booking' }),
    )
    expect(await screen.findByRole('region', { name: 'Cancelled' })).toBeInTheDocument()
    expect(toasts.success).toHaveBeenCalledExactlyOnceWith('Your booking for Jazz Night is cancelled.')
    expect(queryClient.getQueryData(eventKeys.one(booking.eventId))).toMatchObject({
      remainingTickets: 61,
      version: 4,
    })
    // Its button no longer exists.
    await waitFor(() => expect(screen.getByRole('heading', { level: 1 })).toHaveFocus())
  })

  it('stay as they are when cancelling fails', async () => {
    const booking = aBooking(anEvent())
    show([booking])
    server.use(http.delete('*/api/bookings/*', () => problem(503, 'busy', { 'Retry-After': '1' })))
    await userEvent.click(await screen.findByRole('button', { name: /Cancel Booking/ }))
    const dialog = await screen.findByRole('alertdialog')
    await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel Booking' }))
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledExactlyOnceWith('The booking was not cancelled.', {
        description: 'It says busy',
      }),
    )
    expect(dialog).toBeInTheDocument()
  })

  it('show a QR code of the booking', async () => {
    const booking = aBooking(anEvent())
    show([booking])
    await userEvent.click(await screen.findByRole('button', { name: 'Show ticket for Jazz Night' }))
    const dialog = await screen.findByRole('dialog', { name: 'Jazz Night' })
    expect(
      within(dialog).getByRole('img', { name: 'QR code of your booking for Jazz Night' }),
    ).toBeInTheDocument()
    expect(dialog).toHaveTextContent(booking.id.slice(-4)) // a short reference, for people
    expect(dialog).toHaveTextContent('$49.99')
  })
})

describe('a receipt', () => {
  const open = async (booking: BookingWithEvent) => {
    show([booking])
    await userEvent.click(await screen.findByRole('button', { name: `Receipt for ${booking.event.title}` }))
    return screen.findByRole('dialog', { name: 'Receipt' })
  }

  it('is saved byte for byte, after an explanation', async () => {
    const booking = aBooking(anEvent())
    const bytes = '{"receipt":{"record":{"data":{"a":  1}}}}'
    server.use(
      http.get(
        `*/api/bookings/${booking.id}/receipt`,
        () =>
          new HttpResponse(bytes, {
            headers: {
              'Content-Type': 'application/json',
              'Content-Disposition': `attachment; filename="boxoffice-receipt-${booking.id}.json"`,
            },
          }),
      ),
    )
    const dialog = await open(booking)
    expect(dialog).toHaveTextContent('proves that your booking was recorded')
    await userEvent.click(within(dialog).getByRole('button', { name: 'Download receipt' }))
    await waitFor(() => expect(saved).toHaveBeenCalledOnce())
    const [file] = saved.mock.calls[0] as [File]
    expect(file.name).toBe(`boxoffice-receipt-${booking.id}.json`)
    expect(await textOf(file)).toBe(bytes)
  })

  it('exists for cancelled and past bookings too', async () => {
    const dialog = await open(aBooking(anEvent({ date: '2020-01-01T00:00:00Z' }), { status: 'CANCELLED' }))
    expect(dialog).toHaveTextContent('proves that your cancellation was recorded')
  })

  it.each([
    [() => problem(404, 'not_signed_yet', { 'Retry-After': '60' }), 'There is no receipt yet'],
    [() => HttpResponse.error(), 'The box office can’t be reached.'],
  ])('that can’t be had says why', async (answer, text) => {
    const booking = aBooking(anEvent())
    server.use(http.get(`*/api/bookings/${booking.id}/receipt`, answer))
    const dialog = await open(booking)
    await userEvent.click(within(dialog).getByRole('button', { name: 'Download receipt' }))
    expect(await within(dialog).findByRole('alert')).toHaveTextContent(text)
    expect(saved).not.toHaveBeenCalled()
    expect(within(dialog).getByRole('button', { name: 'Download receipt' })).toBeEnabled()
  })
})

describe('the calendar file', () => {
  it('follows RFC 5545', async () => {
    const booking = aBooking(
      anEvent({ title: 'Jazz; late, \u0007loud', description: 'One\nTwo ' + 'é'.repeat(60), venue: 'A\\B' }),
      { id: 'b-1' },
    )
    const text = await textOf(calendarFile(booking))
    const lines = text.split('\r\n')
    expect(lines[0]).toBe('BEGIN:VCALENDAR')
    expect(lines.at(-1)).toBe('')
    expect(lines).toContain('UID:b-1@boxoffice')
    expect(lines).toContain('DTSTART:20300315T100000Z')
    expect(lines).toContain('DURATION:PT2H')
    expect(lines).toContain('SEQUENCE:3')
    expect(lines).toContain('SUMMARY:Jazz\\; late\\, loud')
    expect(lines).toContain('LOCATION:A\\\\B')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(75)
    expect(text.replace(/\r\n[ \t]/g, '')).toContain(
      `DESCRIPTION:One\\nTwo ${'é'.repeat(60)}\\n\\nBooking b-1`,
    )
  })

  it('is named after the event, in any script', () => {
    const named = (title: string) => calendarFile(aBooking(anEvent({ title }))).name
    expect(named('हिन्दी संगीत')).toBe('हिन्दी-संगीत.ics')
    expect(named('Jazz / Night')).toBe('Jazz-Night.ics')
  })
})
