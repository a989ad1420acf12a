import { act, cleanup, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { BookingWithEvent } from '@/lib/api/types'
import { applyChange, eventKeys } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { learnTime } from '@/lib/server-time'
import { endSession, startSession } from '@/lib/session/session'
import { forgetSession, serverUnreachable } from '@/lib/session/store'
import { show as render, textOf } from '../../../test/show'
import { aBooking, anEvent, aSession, bookingList, problem, server } from '../../../test/server'
import { bookingFile } from './calendar'
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
    await screen.findByRole('heading', { name: 'Sooner' }) // its code comes when it is needed
    expect(await titles('Upcoming')).toEqual(['Sooner', 'Later'])
    expect(await titles('Past')).toEqual(['Over'])
    expect(await titles('Cancelled')).toEqual(['Given back', 'Called off'])
    expect(screen.getAllByRole('button', { name: /Cancel Booking/ })).toHaveLength(2)
  })

  it('say why the organizer has cancelled one', async () => {
    show([
      aBooking(anEvent(), { status: 'CANCELLED', cancelReason: 'The hall is closed' }),
      aBooking(anEvent({ title: 'Given back' }), { status: 'CANCELLED' }),
    ])
    const reason = await screen.findByText('The hall is closed')
    expect(reason.parentElement).toHaveTextContent('Cancelled by the organizer: The hall is closed')
    expect(screen.getAllByText(/by the organizer/)).toHaveLength(1)
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
      expect(toasts.error).toHaveBeenCalledExactlyOnceWith('Your booking wasn’t cancelled.', {
        description: 'It says busy',
      }),
    )
    expect(dialog).toBeInTheDocument()
  })

  it('show the next ticket, ready to be scanned', async () => {
    const [later, next] = [anEvent({ title: 'Later', date: '2031-01-01T00:00:00Z' }), anEvent()].map((e) =>
      aBooking(e),
    ) as [BookingWithEvent, BookingWithEvent]
    show([later, next])
    const qr = await screen.findByRole('img', { name: 'QR code of your ticket for Jazz Night' })
    const ticket = qr.closest('article')!
    expect(ticket).toHaveTextContent('Alice Martin')
    expect(ticket).toHaveTextContent('alice@example.com')
    expect(ticket).toHaveTextContent(next.id.slice(-4)) // a short number, for people
    expect(ticket).not.toHaveTextContent(next.id)
    expect(ticket).not.toHaveTextContent('$49.99') // of the event by now, and not what was paid
    expect(screen.queryByRole('img', { name: /Later/ })).not.toBeInTheDocument()
  })

  it('ask once for a bright screen, below the codes', async () => {
    const tickets = ['AQone', 'AQtwo'].map((code, i) => ({ ticketTypeId: 1, number: i + 1, code }))
    show([{ ...aBooking(anEvent()), tickets }])
    const [qr] = await screen.findAllByRole('img', { name: /^QR code/ })
    const hint = within(qr!.closest('article')!).getByText(
      'Turn up your screen’s brightness when you get to the door.',
    )
    expect(qr!.compareDocumentPosition(hint) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy()
    expect(hint.closest('[aria-hidden=true]')).toBeNull()
  })

  it('show the code of each ticket of a booking', async () => {
    const tickets = ['AQone', 'AQtwo'].map((code, i) => ({ ticketTypeId: 1, number: i + 1, code }))
    show([{ ...aBooking(anEvent()), tickets }])
    const codes = await screen.findAllByRole('img', { name: /^QR code of ticket \d of 2 for Jazz Night$/ })
    expect(codes).toHaveLength(2)
    expect(codes[0]).not.toHaveAttribute('src', codes[1]!.getAttribute('src'))
    expect(screen.getByText('Ticket 2 of 2')).toBeInTheDocument()
  })

  it('show the other tickets in a dialog', async () => {
    const later = aBooking(anEvent({ title: 'Later', date: '2031-01-01T00:00:00Z' }))
    show([later, aBooking(anEvent())])
    await userEvent.click(await screen.findByRole('button', { name: 'Show ticket for Later' }))
    const dialog = await screen.findByRole('dialog', { name: 'Later' })
    expect(
      await within(dialog).findByRole('img', { name: 'QR code of your ticket for Later' }),
    ).toBeInTheDocument()
    expect(dialog).toHaveTextContent('Blue Door Club')
  })

  it('keep the ticket of an event that has begun until it is over, without cancelling', async () => {
    const begun = (minutes: number, title: string) =>
      aBooking(anEvent({ title, date: new Date(Date.now() - minutes * 60_000).toISOString() }))
    show([begun(30, 'Now'), begun(121, 'Over')])
    const upcoming = await screen.findByRole('region', { name: 'Upcoming' })
    expect(within(upcoming).getByRole('article', { name: 'Now' })).toHaveTextContent('Started')
    expect(screen.queryByRole('button', { name: /Cancel Booking/ })).not.toBeInTheDocument()
    expect(screen.getByRole('region', { name: 'Past' })).toHaveTextContent('Over')
  })

  it('are usable by the server’s clock, where that of the device is wrong', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2040-01-01T00:00:00Z') })
    try {
      const ahead = aBooking(anEvent({ title: 'Tonight', date: '2030-03-15T20:00:00Z' }))
      server.use(
        http.get('*/api/bookings', () =>
          HttpResponse.json(
            { data: [ahead], meta: { limit: 50 } },
            { headers: { Date: 'Fri, 15 Mar 2030 19:00:00 GMT' } },
          ),
        ),
      )
      render(<BookingList />)
      expect(await screen.findByRole('region', { name: 'Upcoming' })).toHaveTextContent('Tonight')
      expect(screen.queryByRole('region', { name: 'Past' })).not.toBeInTheDocument()
      await waitFor(() => expect(localStorage.getItem('boxoffice.tickets')).toContain('Tonight'))
    } finally {
      vi.useRealTimers()
      learnTime(new Date().toUTCString())
    }
  })

  it('leave “Upcoming” when the organizer cancels the event', async () => {
    const booking = aBooking(anEvent())
    show([booking])
    await screen.findByRole('region', { name: 'Upcoming' })
    act(() => applyChange({ eventId: booking.eventId, version: 9, remainingTickets: 0, status: 'CANCELLED' }))
    expect(await screen.findByRole('region', { name: 'Cancelled' })).toHaveTextContent('Event cancelled')
    expect(screen.queryByRole('region', { name: 'Upcoming' })).not.toBeInTheDocument()
  })
})

describe('tickets that are kept for use without a network', () => {
  const kept = () => localStorage.getItem('boxoffice.tickets')
  const unreachable = () => {
    forgetSession() // as after a reload
    serverUnreachable()
    queryClient.clear()
    server.use(http.get('*/api/bookings', () => HttpResponse.error()))
  }

  it('are shown when the server can’t be reached', async () => {
    show([aBooking(anEvent())])
    await waitFor(() => expect(kept()).toContain('Jazz Night'))
    cleanup()
    unreachable()
    render(<BookingList />)
    expect(await screen.findByRole('alert')).toHaveTextContent('the tickets saved on this device')
    expect(await screen.findByRole('img', { name: /Jazz Night/ })).toBeInTheDocument()
    expect(screen.getByText('alice@example.com')).toBeInTheDocument()
  })

  it('are gone after signing out, and never another user’s', async () => {
    show([aBooking(anEvent())])
    await waitFor(() => expect(kept()).toContain('Jazz Night'))
    const before = kept()!
    act(() => endSession('signed-out'))
    expect(kept()).toBeNull()
    cleanup()
    queryClient.clear()
    localStorage.setItem('boxoffice.tickets', before) // whatever has left it there
    startSession(aSession('access-2', { id: 'u2', name: 'Bob', email: 'bob@example.com' }))
    server.use(http.get('*/api/bookings', () => problem(403, 'forbidden')))
    render(<BookingList />)
    expect(await screen.findByRole('alert')).toHaveTextContent('couldn’t be loaded')
    expect(screen.queryByText('Jazz Night')).not.toBeInTheDocument()
  })

  it('are forgotten with the last ticket', async () => {
    localStorage.setItem('boxoffice.tickets', '{}')
    show([])
    await waitFor(() => expect(kept()).toBeNull())
  })
})

describe('a receipt', () => {
  const open = async (booking: BookingWithEvent) => {
    show([booking])
    await userEvent.click(await screen.findByRole('button', { name: /^Receipt/ }))
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
    expect(dialog).toHaveTextContent('proves your booking was recorded')
    await userEvent.click(within(dialog).getByRole('button', { name: 'Download receipt' }))
    await waitFor(() => expect(saved).toHaveBeenCalledOnce())
    const [file] = saved.mock.calls[0] as [File]
    expect(file.name).toBe(`boxoffice-receipt-${booking.id}.json`)
    expect(await textOf(file)).toBe(bytes)
  })

  it('exists for cancelled and past bookings too', async () => {
    const dialog = await open(aBooking(anEvent({ date: '2020-01-01T00:00:00Z' }), { status: 'CANCELLED' }))
    expect(dialog).toHaveTextContent('proves your cancellation was recorded')
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
    const text = await textOf(bookingFile(booking))
    const lines = text.split('\r\n')
    expect(lines[0]).toBe('BEGIN:VCALENDAR')
    expect(lines.at(-1)).toBe('')
    expect(lines).toContain('UID:b-1@boxoffice')
    expect(lines).toContain('DTSTART:20300315T100000Z')
    expect(lines).toContain('DTEND:20300315T120000Z')
    expect(lines).toContain('SEQUENCE:3')
    expect(lines).toContain('SUMMARY:Jazz\\; late\\, loud')
    expect(lines).toContain('LOCATION:A\\\\B')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(75)
    expect(text.replace(/\r\n[ \t]/g, '')).toContain(
      `DESCRIPTION:One\\nTwo ${'é'.repeat(60)}\\n\\nTicket number B-1`,
    )
  })

  it('says when it was made, and when the event ends if that is known', async () => {
    vi.useFakeTimers({ now: Date.parse('2030-02-01T09:30:00Z'), toFake: ['Date'] })
    const event = { ...anEvent(), endsAt: '2030-03-15T23:15:00Z' }
    const file = bookingFile(aBooking(event))
    vi.useRealTimers()
    const lines = (await textOf(file)).split('\r\n')
    expect(lines).toContain('DTSTAMP:20300201T093000Z')
    expect(lines).toContain('LAST-MODIFIED:20300201T093000Z')
    expect(lines).toContain('DTEND:20300315T231500Z')
  })

  it('is named after the event, in any script', () => {
    const named = (title: string) => bookingFile(aBooking(anEvent({ title }))).name
    expect(named('हिन्दी संगीत')).toBe('हिन्दी-संगीत.ics')
    expect(named('Jazz / Night')).toBe('Jazz-Night.ics')
  })
})
