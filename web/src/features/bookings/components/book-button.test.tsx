import { useQuery } from '@tanstack/react-query'
import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { delay, http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { BookingWithEvent, Event } from '@/lib/api/types'
import { eventKeys, withNewestCounts } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { startSession } from '@/lib/session/session'
import { currentSession } from '@/lib/session/store'
import { aBooking, anEvent, aSession, bookingList, problem, server } from '../../../../test/server'
import { book } from '../book'
import { applyBooking } from '../live-bookings'
import { show as render } from '../../../../test/show'
import { BookButton } from './book-button'
import { BookingStatus } from './booking-status'

const toasts = vi.hoisted(() => ({ success: vi.fn(), error: vi.fn(), info: vi.fn(), warning: vi.fn() }))
vi.mock('@/lib/toast', () => ({ toast: toasts }))

function Card({ event: fetched }: { event: Event }) {
  const { data: event = fetched } = useQuery({
    queryKey: eventKeys.one(fetched.id),
    queryFn: () => withNewestCounts(fetched),
    initialData: fetched,
    staleTime: Infinity,
  })
  return (
    <article>
      <p>{event.remainingTickets} left</p>
      <BookButton event={event} />
    </article>
  )
}

/** Shows the button as soon as it is known whether the event is booked. */
async function show(event: Event) {
  render(<Card event={event} />)
  await waitFor(() => expect(queryClient.isFetching()).toBe(0))
}

const button = () => screen.getByRole('button')
const booked = (event: Event, remainingTickets: number) =>
  HttpResponse.json(
    {
      booking: {
        id: 'b1',
        eventId: event.id,
        userId: 'u1',
        status: 'CONFIRMED',
        createdAt: '2030-01-15T12:00:00Z',
        lines: [{ ticketTypeId: 1, quantity: 1, price: 49.99 }],
      },
      event: { id: event.id, title: event.title, remainingTickets, version: event.version + 1 },
    },
    { status: 201 },
  )

/**
 * Answers POST /book with these answers in order, and records the keys and tokens of the requests.
 */
function answers(...list: (() => Response | Promise<Response>)[]) {
  const asked: { key: string | null; token: string | null; body: unknown }[] = []
  server.use(
    http.post('*/api/book', async ({ request }) => {
      asked.push({
        key: request.headers.get('Idempotency-Key'),
        token: request.headers.get('Authorization'),
        body: await request.json(),
      })
      const next = list[Math.min(asked.length, list.length) - 1]
      if (!next) throw new Error('no answer is planned')
      return next()
    }),
  )
  return asked
}

beforeEach(() => {
  for (const toast of Object.values(toasts)) toast.mockReset()
  startSession(aSession())
})

describe('booking', () => {
  it('shows that it is pending, ignores further clicks, and is booked when the server confirms it', async () => {
    const event = anEvent()
    let finish = () => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const asked = answers(async () => {
      await finished
      return booked(event, 59)
    })
    server.use(http.get('*/api/bookings', () => bookingList(asked.length ? [aBooking(event)] : [])))
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveTextContent('Booking...'))
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    expect(button().querySelector('[data-slot=spinner]')).toBeInTheDocument()
    await userEvent.click(button())
    expect(screen.getByText('60 left')).toBeInTheDocument() // nothing changes before the answer
    expect(toasts.success).not.toHaveBeenCalled()
    act(finish)
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    expect(screen.getByText('59 left')).toBeInTheDocument()
    expect(toasts.success).toHaveBeenCalledExactlyOnceWith(
      'Successfully booked Jazz Night!',
      expect.anything(),
    )
    expect(asked).toHaveLength(1)
    expect(asked[0]?.body).toEqual({ eventId: event.id })
    expect(asked[0]?.key).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('is sent once, even when two buttons of the event are pressed at the same time', async () => {
    const event = anEvent()
    const asked = answers(() => booked(event, 59))
    await Promise.all([book(event), book(event)])
    await waitFor(() => expect(toasts.success).toHaveBeenCalledTimes(1))
    expect(asked).toHaveLength(1)
  })

  it('that comes too late shows an error, and the event is sold out', async () => {
    const event = anEvent({ remainingTickets: 1 })
    answers(() => problem(409, 'sold_out'))
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(screen.getByText('0 left')).toBeInTheDocument())
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    expect(screen.getByText('0 left')).toBeInTheDocument()
    expect(toasts.error).toHaveBeenCalledExactlyOnceWith(
      'Sorry, tickets for Jazz Night are no longer available.',
      { description: undefined },
    )
  })

  it('that comes too late tells of a waiting list with others on it', async () => {
    answers(() => problem(409, 'sold_out', {}, undefined, { waitlist: true }))
    await show(anEvent({ remainingTickets: 1 }))
    await userEvent.click(button())
    await waitFor(() => expect(toasts.error).toHaveBeenCalledOnce())
    const description =
      'Others are already waiting for tickets. You can join the waiting list on the event’s page.'
    expect(toasts.error).toHaveBeenCalledWith('Sorry, tickets for Jazz Night are no longer available.', {
      description,
    })
  })

  it('of a booked event shows a message, and the button is disabled', async () => {
    const event = anEvent()
    answers(() => problem(409, 'already_booked')) // the list of bookings does not show it yet
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    expect(toasts.info).toHaveBeenCalledExactlyOnceWith('You have already booked this event.')
  })

  it('of a customer who has booked too often says so', async () => {
    answers(() => problem(409, 'too_many_bookings'))
    await show(anEvent())
    await userEvent.click(button())
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledExactlyOnceWith(
        'You’ve booked and cancelled this event too many times to book it again.',
      ),
    )
  })

  it.each([
    ['a network error', () => HttpResponse.error()],
    ['a server error', () => problem(500, 'internal')],
    ['an answer that is no problem document', () => new HttpResponse('<html>', { status: 502 })],
  ])('that ends in %s can be tried again, with the same key', async (_, failure) => {
    const event = anEvent()
    const asked = answers(failure, () => booked(event, 59))
    await show(event)
    await userEvent.click(button())
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledWith('Failed to complete booking. Please try again.'),
    )
    expect(button()).toHaveTextContent('Book Now')
    expect(button()).toHaveAttribute('aria-disabled', 'false')
    await userEvent.click(button())
    await waitFor(() => expect(toasts.success).toHaveBeenCalled())
    expect(asked).toHaveLength(2)
    expect(asked[1]?.key).toBe(asked[0]?.key)
  })

  it('that succeeded although the answer was lost is shown as booked', async () => {
    const event = anEvent()
    const asked = answers(() => HttpResponse.error())
    server.use(http.get('*/api/bookings', () => bookingList(asked.length ? [aBooking(event)] : [])))
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
  })

  it('whose answer was lost, and that was cancelled elsewhere since, is made anew', async () => {
    const event = anEvent()
    const asked = answers(
      () => HttpResponse.error(),
      () => {
        const answer = booked(event, 59)
        answer.headers.set('Current-Status', 'CANCELLED')
        return answer
      },
      () => booked(event, 58),
    )
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveAttribute('aria-disabled', 'false'))
    await userEvent.click(button())
    await waitFor(() => expect(toasts.success).toHaveBeenCalledOnce())
    expect(asked[1]?.key).toBe(asked[0]?.key)
    expect(asked[2]?.key).not.toBe(asked[0]?.key)
    expect(screen.getByText('58 left')).toBeInTheDocument()
  })

  it('while the server is busy counts down to the next try', async () => {
    const event = anEvent()
    const asked = answers(
      () => problem(503, 'busy', { 'Retry-After': '1' }),
      () => booked(event, 59),
    )
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveTextContent('Try again in 1 s'))
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    expect(toasts.error).toHaveBeenCalledExactlyOnceWith('Failed to complete booking. Please try again.', {
      description: 'Lots of people are booking right now. Try again in 1 second.',
    })
    await waitFor(() => expect(button()).toHaveTextContent('Book Now'), { timeout: 3_000 })
    await userEvent.click(button())
    await waitFor(() => expect(toasts.success).toHaveBeenCalled())
    expect(asked[1]?.key).toBe(asked[0]?.key)
  })

  it('too often shows another message than a busy server', async () => {
    answers(() => problem(429, 'rate_limited', { 'Retry-After': '2' }))
    await show(anEvent())
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveTextContent('Try again in 2 s'))
    expect(toasts.warning).toHaveBeenCalledExactlyOnceWith('Too many attempts.', {
      description: 'Try again in 2 seconds.',
    })
  })

  it.each([
    ['event_cancelled', 409, 'Jazz Night has been cancelled by the organizer.'],
    ['event_past', 409, 'Jazz Night has already started, so it can no longer be booked.'],
    ['event_not_found', 404, 'Jazz Night is no longer on sale.'],
  ])('refused as %s is explained', async (code, status, text) => {
    answers(() => problem(status, code))
    await show(anEvent())
    await userEvent.click(button())
    await waitFor(() => expect(toasts.error).toHaveBeenCalledExactlyOnceWith(text))
  })

  it.each(['idempotency_in_progress', 'outcome_unknown'])(
    'that is undecided (%s) is asked for again',
    async (code) => {
      const event = anEvent()
      const asked = answers(
        () => problem(code === 'outcome_unknown' ? 503 : 409, code, { 'Retry-After': '1' }),
        () => booked(event, 59),
      )
      await show(event)
      await userEvent.click(button())
      await waitFor(() => expect(toasts.success).toHaveBeenCalled(), { timeout: 3_000 })
      expect(asked).toHaveLength(2)
      expect(asked[1]?.key).toBe(asked[0]?.key)
      expect(toasts.error).not.toHaveBeenCalled()
    },
  )

  it('with an expired session renews it and goes on, with the same key', async () => {
    const event = anEvent()
    const asked = answers(
      () => problem(401, 'token_expired'),
      () => booked(event, 59),
    )
    server.use(http.post('*/api/auth/refresh', () => HttpResponse.json(aSession('access-2'))))
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(toasts.success).toHaveBeenCalled())
    expect(asked.map((a) => a.token)).toEqual(['Bearer access-1', 'Bearer access-2'])
    expect(asked[1]?.key).toBe(asked[0]?.key)
  })

  it('with an expired session ends it, without a toast', async () => {
    answers(() => problem(401, 'token_expired'))
    server.use(http.post('*/api/auth/refresh', () => problem(401, 'invalid_token')))
    await show(anEvent())
    await userEvent.click(button())
    await waitFor(() => expect(currentSession()).toMatchObject({ status: 'anonymous', ended: 'expired' }))
    for (const toast of Object.values(toasts)) expect(toast).not.toHaveBeenCalled()
  })

  it('offline shows an error', async () => {
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    answers(() => HttpResponse.error())
    await show(anEvent())
    await userEvent.click(button())
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledExactlyOnceWith('Failed to complete booking. Please try again.', {
        description: 'You seem to be offline.',
      }),
    )
  })

  it('gives the focus back to the button when it has failed', async () => {
    answers(async () => {
      await delay(20)
      return HttpResponse.error()
    })
    await show(anEvent())
    button().focus()
    await userEvent.keyboard('{Enter}')
    await waitFor(() => expect(button()).toHaveTextContent('Booking...'))
    await waitFor(() => expect(button()).toHaveTextContent('Book Now'))
    await waitFor(() => expect(button()).toHaveFocus())
  })
})

describe('a booking made or cancelled elsewhere', () => {
  const frame = (eventId: string, bookingId: string, status: 'CONFIRMED' | 'CANCELLED') => ({
    bookingId,
    eventId,
    status,
  })

  it('is seen at once', async () => {
    const event = anEvent()
    const booking = aBooking(event)
    let list: BookingWithEvent[] = []
    server.use(http.get('*/api/bookings', () => bookingList(list)))
    await show(event)
    expect(button()).toHaveTextContent('Book Now')
    list = [booking]
    act(() => applyBooking(frame(event.id, booking.id, 'CONFIRMED')))
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
    list = []
    act(() => applyBooking(frame(event.id, booking.id, 'CANCELLED')))
    await waitFor(() => expect(button()).toHaveTextContent('Book Now'))
  })

  it('ends “Booked ✓” of an event that this tab has found booked', async () => {
    const event = anEvent()
    answers(() => problem(409, 'already_booked'))
    await show(event)
    await userEvent.click(button())
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
    act(() => applyBooking(frame(event.id, 'b1', 'CANCELLED')))
    await waitFor(() => expect(button()).toHaveTextContent('Book Now'))
  })

  it('is not fetched again by the tab that made it', async () => {
    const event = anEvent()
    const booking = aBooking(event)
    let asked = 0
    server.use(http.get('*/api/bookings', () => (asked++, bookingList([booking]))))
    await show(event)
    applyBooking(frame(event.id, booking.id, 'CONFIRMED'))
    expect(queryClient.isFetching()).toBe(0)
    expect(asked).toBe(1)
  })

  it('is never called booked when it is not known whether it still is', async () => {
    const replayed = (header: Record<string, string>) => () => {
      const answer = booked(event, 59)
      for (const [name, value] of Object.entries(header)) answer.headers.set(name, value)
      answer.headers.set('Idempotency-Replayed', 'true')
      return answer
    }
    const event = anEvent()
    answers(replayed({}), replayed({ 'Current-Status': 'CONFIRMED' }))
    await show(event)
    await userEvent.click(button())
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledWith('Failed to complete booking. Please try again.'),
    )
    expect(toasts.success).not.toHaveBeenCalled()
    await userEvent.click(button())
    await waitFor(() => expect(toasts.success).toHaveBeenCalledOnce())
  })
})

describe('the button', () => {
  it.each([
    ['Book Now', { remainingTickets: 0 }],
    ['Cancelled', { status: 'CANCELLED' as const }],
    ['Sale ended', { date: '2020-01-01T00:00:00Z' }],
  ])('is disabled: %s', async (text, part) => {
    await show(anEvent(part))
    expect(button()).toHaveTextContent(text)
    expect(button()).toHaveAttribute('aria-disabled', 'true')
  })

  it('of an event that has begun shows that it was booked', async () => {
    const event = anEvent({ date: '2020-01-01T00:00:00Z' })
    server.use(
      http.get('*/api/bookings', ({ request }) =>
        bookingList(new URL(request.url).searchParams.has('upcoming') ? [] : [aBooking(event)]),
      ),
    )
    await show(event)
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
  })

  it('keeps the focus, and booking is announced', async () => {
    const event = anEvent()
    let finish = () => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    answers(() => finished.then(() => booked(event, 59)))
    render(<BookingStatus />)
    await show(event)
    button().focus()
    await userEvent.keyboard('{Enter}')
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('Booking…'))
    expect(button()).toHaveFocus()
    act(finish)
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
    expect(button()).toHaveFocus()
    expect(screen.getByRole('status')).toBeEmptyDOMElement()
  })

  it('names its event', async () => {
    await show(anEvent())
    expect(screen.getByRole('button', { name: 'Book Now: Jazz Night' })).toBeVisible()
  })

  it('can’t be pressed before it is known whether the event is booked', async () => {
    let answer = () => {}
    const asked = new Promise<void>((resolve) => (answer = resolve))
    const event = anEvent()
    server.use(
      http.get('*/api/bookings', async () => {
        await asked
        return bookingList([aBooking(event)])
      }),
    )
    render(<Card event={event} />)
    expect(button()).toHaveTextContent('Book Now')
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    answer()
    await waitFor(() => expect(button()).toHaveTextContent('Booked ✓'))
  })

  it('can be pressed when the bookings can’t be had: the server decides', async () => {
    server.use(http.get('*/api/bookings', () => problem(403, 'forbidden')))
    await show(anEvent())
    expect(button()).toHaveAttribute('aria-disabled', 'false')
  })
})
