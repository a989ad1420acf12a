import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Event, Hold, WaitlistEntry } from '@/lib/api/types'
import { applyChange } from '@/lib/event-cache'
import { useEvent } from '@/lib/get-event'
import { startSession } from '@/lib/session/session'
import { anEvent, aSession, newId, problem, server } from '../../../test/server'
import { show } from '../../../test/show'
import { EventSale } from './components/event-sale'
import { HoldWatch } from './components/hold-watch'
import { MyHolds } from './components/my-holds'
import { forgetLapses } from './lapses'
import { selectionOf } from './selection'

const toasts = vi.hoisted(() => ({ success: vi.fn(), error: vi.fn(), info: vi.fn(), warning: vi.fn() }))
vi.mock('@/lib/toast', () => ({ toast: toasts }))

const seated = { id: 1, name: 'Seated', price: 30, remaining: 3, capacity: 10 }
const standing = { id: 2, name: 'Standing', price: 12.5, remaining: 60 }
const concert = (part: Partial<Event> = {}) =>
  anEvent({ maxPerCustomer: 4, ticketTypes: [seated, standing], ...part })

const aHold = (event: Event, part: Partial<Hold> = {}): Hold => ({
  id: newId(),
  eventId: event.id,
  status: 'HELD',
  offered: false,
  lines: [{ ticketTypeId: 1, quantity: 2, price: 30 }],
  currency: 'USD',
  total: 60,
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
  ...part,
})

const anEntry = (event: Event, part: Partial<WaitlistEntry> = {}): WaitlistEntry => ({
  id: newId(),
  eventId: event.id,
  status: 'WAITING',
  lines: [{ ticketTypeId: 1, quantity: 1 }],
  place: 3,
  joinedAt: '2030-01-15T12:00:00Z',
  ...part,
})

/** What the server has of the user's, and the commands that it gets. */
function serve(event: Event, mine: { holds?: Hold[]; entries?: WaitlistEntry[] } = {}) {
  const state = { holds: mine.holds ?? [], entries: mine.entries ?? [] }
  const asked: { path: string; body?: unknown }[] = []
  const note = async (request: Request) => {
    const text = await request.text()
    asked.push({
      path: `${request.method} ${new URL(request.url).pathname}`,
      ...(text && { body: JSON.parse(text) as unknown }),
    })
  }
  server.use(
    http.get('*/api/events/:id', () => HttpResponse.json(event)),
    http.get('*/api/holds', () => HttpResponse.json({ data: state.holds })),
    http.get('*/api/waitlist', () => HttpResponse.json({ data: state.entries })),
    http.post('*/api/holds', async ({ request }) => {
      await note(request)
      state.holds = [aHold(event)]
      return HttpResponse.json(state.holds[0], { status: 201 })
    }),
    http.post('*/api/holds/:id/confirm', async ({ request, params }) => {
      await note(request)
      state.holds = []
      const { id, title, version } = event
      return HttpResponse.json(
        {
          booking: {
            id: params.id,
            eventId: id,
            userId: 'u1',
            status: 'CONFIRMED',
            createdAt: '2030-01-15T12:00:00Z',
            lines: [],
          },
          event: { id, title, remainingTickets: 58, version: version + 2 },
        },
        { status: 201 },
      )
    }),
    http.delete('*/api/holds/:id', async ({ request }) => {
      await note(request)
      state.holds = []
      return new HttpResponse(null, { status: 204 })
    }),
    http.post('*/api/events/:id/waitlist', async ({ request }) => {
      await note(request)
      state.entries = [anEntry(event)]
      return HttpResponse.json(state.entries[0], { status: 201 })
    }),
    http.delete('*/api/events/:id/waitlist', async ({ request }) => {
      await note(request)
      state.entries = []
      return new HttpResponse(null, { status: 204 })
    }),
  )
  return { state, asked }
}

function sale(event: Event, booked = 0) {
  history.replaceState(null, '', `/events/${event.id}`)
  show(
    <>
      <HoldWatch />
      <EventSale event={event} booked={booked} button={<button>Book Now</button>} />
    </>,
  )
}
const button = (name: RegExp) => screen.findByRole('button', { name })

beforeEach(() => {
  for (const toast of Object.values(toasts)) toast.mockReset()
  forgetLapses()
  startSession(aSession())
})

describe('choosing', () => {
  it('is bounded by what is left of a type, of the event, and by the limit per customer', () => {
    const quantities = (event: Event, chosen: Record<number, number>, allowed = 4, isWaiting = false) =>
      selectionOf(event, chosen, allowed, isWaiting).rows.map(({ quantity, most }) => [quantity, most])
    expect(quantities(concert(), { 1: 9, 2: 9 })).toEqual([
      [3, 3],
      [1, 1],
    ])
    expect(quantities(concert({ remainingTickets: 2 }), { 1: 1 })).toEqual([
      [1, 2],
      [0, 1],
    ])
    expect(quantities(concert({ remainingTickets: 0 }), { 1: 1 })).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(quantities(concert({ remainingTickets: 0 }), { 1: 3 }, 4, true)).toEqual([
      [3, 4],
      [0, 1],
    ])
    expect(selectionOf(concert(), { 1: 4 }, 4, true).isEnough).toBe(false)
  })

  it('reserves what was chosen, which is paid for then', async () => {
    const event = concert()
    const { asked } = serve(event)
    sale(event)
    expect(await button(/^Choose tickets/)).toHaveAttribute('aria-disabled', 'true')
    await userEvent.click(await button(/^One more: Seated/))
    await userEvent.click(await button(/^One more: Seated/))
    await userEvent.click(await button(/^One more: Standing/))
    expect(screen.getByText('$72.50')).toBeInTheDocument()
    await userEvent.click(await button(/^Reserve 3 tickets/))
    await userEvent.click(await button(/^Pay \$60/))
    await waitFor(() =>
      expect(toasts.success).toHaveBeenCalledExactlyOnceWith(
        'Successfully booked Jazz Night!',
        expect.anything(),
      ),
    )
    expect(asked).toEqual([
      {
        path: 'POST /api/holds',
        body: {
          eventId: event.id,
          lines: [
            { ticketTypeId: 1, quantity: 2 },
            { ticketTypeId: 2, quantity: 1 },
          ],
        },
      },
      { path: expect.stringMatching(/^POST .*confirm$/) as string },
    ])
  })

  it('shows what is left of each type soon after others have bought some', async () => {
    const event = concert()
    let current = event
    serve(event)
    server.use(http.get('*/api/events/:id', () => HttpResponse.json(current)))
    const Page = () => {
      const { data } = useEvent(event.id)
      return data ? <EventSale event={data} booked={0} button={null} /> : null
    }
    show(<Page />)
    expect(await screen.findByText('60 left')).toBeInTheDocument()
    const version = event.version + 1
    current = {
      ...event,
      version,
      remainingTickets: 50,
      ticketTypes: [seated, { ...standing, remaining: 49 }],
    }
    act(() => applyChange({ eventId: event.id, version, remainingTickets: 50 }))
    expect(await screen.findByText('49 left')).toBeInTheDocument()
  })

  it('is over when the customer has as many as one can get', async () => {
    const event = concert()
    serve(event)
    sale(event, 4)
    expect(await button(/^Booked ✓/)).toHaveAttribute('aria-disabled', 'true')
  })

  it('is not there for events with one type and one ticket for each', async () => {
    const event = anEvent()
    serve(event)
    sale(event)
    expect(await button(/^Book Now/)).toBeInTheDocument()
    expect(screen.queryByText('Choose your tickets')).not.toBeInTheDocument()
  })
})

describe('a hold', () => {
  it('is shown again after a reload, and given back', async () => {
    const event = concert()
    const { asked, state } = serve(event, { holds: [aHold(event)] })
    sale(event)
    expect(await screen.findByRole('timer')).toHaveTextContent(/^(10:00|9:5\d)$/)
    await userEvent.click(await button(/^Give tickets back/))
    expect(await screen.findByText('Choose your tickets')).toBeInTheDocument()
    expect(asked).toHaveLength(1)
    expect(state.holds).toEqual([])
  })

  it('that ends soon gets more time', async () => {
    const event = concert()
    const hold = aHold(event, { expiresAt: new Date(Date.now() + 100_000).toISOString() })
    const { asked, state } = serve(event, { holds: [hold] })
    server.use(
      http.post('*/api/holds', async ({ request }) => {
        asked.push({ path: 'POST /api/holds', body: await request.json() })
        state.holds = [{ ...hold, expiresAt: new Date(Date.parse(hold.expiresAt) + 160_000).toISOString() }]
        return HttpResponse.json(state.holds[0], { status: 201 })
      }),
    )
    sale(event)
    await userEvent.click(await button(/^Get more time/))
    await waitFor(() => expect(toasts.success).toHaveBeenCalledWith('You have more time now.'))
    expect(screen.getByRole('timer')).toHaveTextContent(/^4:[0-2]\d$/)
    expect(asked).toEqual([
      { path: 'POST /api/holds', body: { eventId: event.id, lines: [{ ticketTypeId: 1, quantity: 2 }] } },
    ])
    // It is not offered while there is time.
    expect(screen.queryByRole('button', { name: /^Get more time/ })).not.toBeInTheDocument()
  })

  it('that got all the time there is says so', async () => {
    const event = concert()
    const hold = aHold(event, { expiresAt: new Date(Date.now() + 100_000).toISOString() })
    serve(event, { holds: [hold] })
    server.use(http.post('*/api/holds', () => HttpResponse.json(hold, { status: 201 })))
    sale(event)
    await userEvent.click(await button(/^Get more time/))
    await waitFor(() =>
      expect(toasts.info).toHaveBeenCalledWith('You can’t get more time for these tickets.'),
    )
  })

  it('that is offered can’t get more time', async () => {
    const event = concert()
    const expiresAt = new Date(Date.now() + 100_000).toISOString()
    serve(event, { holds: [aHold(event, { offered: true, expiresAt })] })
    sale(event)
    expect(await button(/^Accept and pay/)).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: /^Get more time/ })).not.toBeInTheDocument()
  })

  it('says that a refused payment can be tried again', async () => {
    const event = concert()
    serve(event, { holds: [aHold(event)] })
    server.use(http.post('*/api/holds/:id/confirm', () => problem(402, 'payment_failed')))
    sale(event)
    await userEvent.click(await button(/^Pay \$60/))
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledWith(
        'The payment didn’t go through. Your tickets are still reserved.',
      ),
    )
    expect(await button(/^Pay \$60/)).toHaveAttribute('aria-disabled', 'false')
  })

  it('whose time is over is gone, and that is told in words until it is read', async () => {
    const event = concert()
    const { state } = serve(event, {
      holds: [aHold(event, { expiresAt: new Date(Date.now() + 1_500).toISOString() })],
    })
    sale(event)
    await button(/^Pay/)
    state.holds = []
    expect(await screen.findByRole('alert')).toHaveTextContent(
      'Your time ran out, and your 2 tickets were released.',
    )
    await waitFor(() => expect(screen.queryByRole('timer')).not.toBeInTheDocument())
    await userEvent.click(await button(/^OK/))
    expect(screen.queryByRole('alert')).not.toBeInTheDocument()
  })

  it('that lapsed while it was paid for is no booking', async () => {
    const event = concert()
    const { state } = serve(event, { holds: [aHold(event)] })
    server.use(
      http.post('*/api/holds/:id/confirm', () => {
        state.holds = []
        return problem(409, 'hold_lapsed')
      }),
    )
    sale(event)
    await userEvent.click(await button(/^Pay/))
    expect(await screen.findByRole('alert')).toHaveTextContent('you’ve been refunded')
    expect(toasts.success).not.toHaveBeenCalled()
  })
})

describe('the waiting list', () => {
  it('is offered where everything is sold out, tells one’s place, and can be left', async () => {
    const event = anEvent({ remainingTickets: 0 })
    const { asked } = serve(event)
    sale(event)
    await userEvent.click(await button(/^Join the waiting list/))
    expect(await screen.findByText('You’re 3rd in line.')).toBeInTheDocument()
    await userEvent.click(await button(/^Leave the waiting list/))
    expect(await button(/^Join the waiting list/)).toBeInTheDocument()
    expect(asked).toEqual([
      {
        path: `POST /api/events/${event.id}/waitlist`,
        body: { lines: [{ ticketTypeId: 1, quantity: 1 }] },
      },
      { path: `DELETE /api/events/${event.id}/waitlist` },
    ])
  })

  it('shows an offer on every page, until it is declined', async () => {
    const event = anEvent({ remainingTickets: 0 })
    const offer = aHold(event, { offered: true, total: 49.99 })
    const { asked } = serve(event, { holds: [offer], entries: [anEntry(event, { status: 'OFFERED' })] })
    sale(event)
    const banner = await screen.findByRole('complementary', { name: 'Tickets set aside for you' })
    expect(await within(banner).findByText('Jazz Night')).toBeInTheDocument()
    expect(within(banner).getByRole('link')).toHaveAttribute('href', `/events/${event.id}#tickets`)
    expect(await button(/^Accept and pay \$49.99/)).toBeInTheDocument()
    await userEvent.click(await button(/^Decline/))
    await waitFor(() => expect(banner).not.toBeInTheDocument())
    expect(asked).toEqual([{ path: `DELETE /api/holds/${offer.id}` }])
  })

  it('and what is reserved come first in My bookings', async () => {
    const event = anEvent()
    serve(event, { holds: [aHold(event)], entries: [anEntry(anEvent())] })
    act(() => history.replaceState(null, '', '/bookings'))
    show(<MyHolds />)
    expect(await screen.findByRole('region', { name: 'Reserved and offered' })).toBeInTheDocument()
    const waiting = await screen.findByRole('region', { name: 'Waiting lists' })
    expect(await within(waiting).findByText('You’re 3rd in line.')).toBeInTheDocument()
  })
})
