import { act, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import SalesChart, { barsOf, RushChart } from '@/features/desk/components/sales-charts'
import type { DeskEvent, DeskListedEvent, Sales } from '@/lib/api/types'
import { live } from '@/lib/live/live'
import { startSession } from '@/lib/session/session'
import { aSession, newId, problem, server } from '../../../../../test/server'
import { show } from '../../../../../test/show'
import DeskEventPage from './[id]/page'
import DeskPage from './page'

function aListed(part: Partial<DeskListedEvent> = {}): DeskListedEvent {
  return {
    id: newId(),
    title: 'Jazz Night',
    venue: 'Blue Door Club',
    date: '2030-03-15T20:00:00Z',
    timeZone: 'UTC',
    status: 'SCHEDULED',
    draft: false,
    role: 'owner',
    capacity: 1_200,
    sold: 1_000,
    held: 7,
    waiting: 3,
    checkedIn: 40,
    ...part,
  }
}

const aDesk = (part: Partial<DeskEvent> = {}): DeskEvent => ({
  ...aListed(),
  ticketTypes: [
    { id: 1, name: 'Floor', price: 49.99, currency: 'EUR', taken: 3 },
    { id: 2, name: 'Balcony', price: 20, currency: 'EUR', capacity: 80, taken: 2 },
  ],
  revenue: [
    { ticketTypeId: 1, tickets: 3, currency: 'EUR', amount: 149.97 },
    { ticketTypeId: 2, tickets: 2, currency: 'EUR', amount: 40 },
    { ticketTypeId: 1, tickets: 1, currency: 'JPY', amount: 5_000 },
    { ticketTypeId: 1, tickets: 1 },
  ],
  ...part,
})

const hours = (...data: Sales['data']): Sales => ({
  interval: 'hour',
  timeZone: 'Europe/Berlin',
  from: '2030-01-01T00:00:00Z',
  data,
})
const anHour = (at: string, tickets: number, returned = 0): Sales['data'][number] => ({
  at,
  bookings: tickets,
  sold: [{ ticketTypeId: 1, tickets, currency: 'EUR', amount: 10 * tickets }],
  cancelled: returned,
  returned: returned ? [{ ticketTypeId: 1, tickets: returned, currency: 'EUR', amount: 10 * returned }] : [],
})

beforeEach(() => startSession(aSession('access-1', { role: 'organizer' })))

describe('the list of the desk', () => {
  const asked: string[] = []
  const serve = (pages: DeskListedEvent[][]) =>
    server.use(
      http.get('*/api/desk/events', ({ request }) => {
        const { searchParams, search } = new URL(request.url)
        asked.push(search)
        const page = Number(searchParams.get('cursor')) || 0
        const next = page + 1 < pages.length ? String(page + 1) : undefined
        return HttpResponse.json({
          data: pages[page],
          meta: { total: pages.flat().length, limit: 20, ...(next && { next }) },
        })
      }),
    )
  beforeEach(() => {
    asked.length = 0
    history.replaceState(null, '', '/desk')
  })
  const item = (title: string) => within(screen.getByText(title).closest('li')!)

  it('shows the numbers of each event, more when asked, and none to those at the door', async () => {
    serve([
      [aListed(), aListed({ title: 'Gala', status: 'DRAFT' })],
      [aListed({ title: 'Fair', role: 'check_in' })],
    ])
    show(<DeskPage />)
    expect(await screen.findByText('Gala')).toBeVisible()
    expect(item('Jazz Night').getByText('1,000 of 1,200')).toBeVisible()
    expect(asked).toEqual(['?limit=20&upcoming=true'])
    expect(item('Gala').getByText('Draft')).toBeVisible()
    await userEvent.click(screen.getByRole('button', { name: 'Load more' }))
    expect(await screen.findByText('Fair')).toBeVisible()
    expect(item('Fair').queryByText('Sold')).not.toBeInTheDocument()
    expect(item('Fair').getByText('You check in tickets')).toBeVisible()
    expect(screen.queryByRole('button', { name: 'Load more' })).not.toBeInTheDocument()
    expect(screen.getByRole('link', { name: 'Jazz Night' })).toHaveAttribute(
      'href',
      expect.stringMatching(/^\/desk\//),
    )
  })

  it('searches, and shows all events when there is nothing', async () => {
    serve([[]])
    show(<DeskPage />)
    expect(await screen.findByText('You have no upcoming events.')).toBeVisible()
    await userEvent.type(screen.getByRole('searchbox'), 'jazz')
    expect(await screen.findByText(/No events match/)).toBeVisible()
    await waitFor(() => expect(asked.at(-1)).toBe('?limit=20&upcoming=true&q=jazz'))
    await userEvent.click(screen.getByRole('button', { name: 'Show all events' }))
    await waitFor(() => expect(asked.at(-1)).toBe('?limit=20&upcoming=false'))
    expect(await screen.findByText(/^Events you schedule/)).toBeVisible()
    expect(screen.getAllByRole('link', { name: 'Schedule an event' })).toHaveLength(2)
  })

  it('offers no scheduling to customers who help at an event', async () => {
    startSession(aSession('access-1', { role: 'customer' }))
    serve([[aListed({ role: 'sell' })]])
    show(<DeskPage />)
    expect(await screen.findByText('You sell tickets')).toBeVisible()
    expect(screen.queryByRole('link', { name: 'Schedule an event' })).not.toBeInTheDocument()
  })
})

describe('the desk of an event', () => {
  let desk: DeskEvent
  let sales: Sales
  let fetched = 0
  beforeEach(() => {
    fetched = 0
    desk = aDesk()
    sales = hours()
    history.replaceState(null, '', `/desk/${desk.id}`)
    server.use(
      http.get('*/api/desk/events/:id', () => {
        fetched++
        return HttpResponse.json(desk)
      }),
      http.get('*/api/desk/events/:id/sales', () => HttpResponse.json(sales)),
    )
  })
  const open = async () => {
    show(<DeskEventPage />)
    await screen.findByRole('heading', { level: 1, name: 'Jazz Night' })
  }
  const links = () =>
    within(screen.getByRole('navigation', { name: 'Actions' }))
      .getAllByRole('link')
      .map((a) => a.textContent)

  it('shows its numbers, and the revenue of each type and currency', async () => {
    await open()
    const rows = within(screen.getByRole('table', { name: 'Revenue' }))
      .getAllByRole('row')
      .map((row) => row.textContent)
    expect(rows).toEqual([
      'Ticket typeSoldRevenue',
      'Floor3€149.97',
      'Balcony2€40.00',
      'Floor1¥5,000',
      'Floor1price not on record',
      'Total7€189.97 + ¥5,000',
    ])
    const number = (name: string) => screen.getByText(name, { selector: 'dt' }).nextElementSibling
    expect(number('Sold')).toHaveTextContent('1,000 of 1,200')
    expect(number('Checked in')).toHaveTextContent('40 of 1,000')
    expect(links()).toEqual(['Open the door', 'Edit event', 'Public page', 'Duplicate'])
    expect(await screen.findByText('No sales in this period.')).toBeVisible()
  })

  it.each([
    ['sell', ['Open the door', 'Public page'], true],
    ['check_in', ['Open the door'], false],
  ] as const)('shows to the role %s what it may see', async (role, expected, seesNumbers) => {
    desk = aDesk({ ...desk, role })
    await open()
    expect(links()).toEqual(expected)
    expect(Boolean(screen.queryByRole('table', { name: 'Revenue' }))).toBe(seesNumbers)
    expect(Boolean(screen.queryByRole('navigation', { name: 'Desk' }))).toBe(seesNumbers)
  })

  it('fetches again when the event changes, once a second at most', async () => {
    await open()
    vi.useFakeTimers()
    try {
      const before = fetched
      for (let i = 0; i < 30; i++) {
        live.onEvent?.(desk.id)
        live.onEvent?.(newId())
        await act(() => vi.advanceTimersByTimeAsync(100))
      }
      await act(() => vi.advanceTimersByTimeAsync(1_000))
      expect(fetched - before).toBeGreaterThanOrEqual(3)
      expect(fetched - before).toBeLessThanOrEqual(4)
      const quiet = fetched
      live.onEvent?.(newId())
      await act(() => vi.advanceTimersByTimeAsync(2_000))
      expect(fetched).toBe(quiet)
    } finally {
      vi.useRealTimers()
    }
  })

  it('has attendees and messages at addresses of their own', async () => {
    await open()
    const parts = within(screen.getByRole('navigation', { name: 'Desk' })).getAllByRole('link')
    expect(parts.map((link) => [link.textContent, link.getAttribute('href')])).toEqual([
      ['Sales', `/desk/${desk.id}?view=sales`],
      ['Attendees', `/desk/${desk.id}?view=attendees`],
      ['Messages', `/desk/${desk.id}?view=messages`],
    ])
  })

  it.each([
    [403, 'not_your_event', 'This isn’t your event'],
    [404, 'event_not_found', 'Event not found'],
  ])('says why there is none: %i', async (status, code, title) => {
    server.use(http.get('*/api/desk/events/:id', () => problem(status, code)))
    show(<DeskEventPage />)
    expect(await screen.findByRole('heading', { level: 1, name: title })).toBeVisible()
  })

  it('looks closer at the busiest day', async () => {
    const asked: string[] = []
    server.use(
      http.get('*/api/desk/events/:id/sales', ({ request }) => {
        const query = new URL(request.url).searchParams
        asked.push(String(query))
        const data =
          query.get('interval') === 'minute'
            ? [anHour('2030-01-02T18:00:00Z', 2), anHour('2030-01-02T18:01:00Z', 9)]
            : [anHour('2030-01-01T00:00:00Z', 2), anHour('2030-01-02T00:00:00Z', 11)]
        return HttpResponse.json({ ...hours(...data), interval: query.get('interval') })
      }),
    )
    await open()
    expect(
      await screen.findByRole('img', { name: /^Bookings per minute .* 9 at the peak$/ }),
    ).toBeInTheDocument()
    expect(asked).toContain('interval=minute&from=2030-01-02T00%3A00%3A00Z&to=2030-01-03T00%3A00%3A00.000Z')
    await userEvent.selectOptions(screen.getByLabelText('Show by'), 'Hour, last 31 days')
    await waitFor(() => expect(asked.at(-1)).toBe('interval=hour'))
    expect(location.search).toBe('?by=hour')
  })
})

describe('the charts of the desk', () => {
  it('has bars for the hours in which nothing was sold', () => {
    const bars = barsOf(hours(anHour('2030-01-01T10:00:00Z', 5), anHour('2030-01-01T13:00:00Z', 1, 2)))
    expect(bars.map(({ at, sold, returned }) => [new Date(at).getUTCHours(), sold, returned])).toEqual([
      [10, 5, 0],
      [11, 0, 0],
      [12, 0, 0],
      [13, 1, 2],
    ])
  })

  it('has a bar for each day where clocks change', () => {
    const days = { ...hours(), interval: 'day' as const }
    const bars = barsOf({
      ...days,
      data: [
        anHour('2030-10-26T22:00:00Z', 1),
        anHour('2030-10-27T23:00:00Z', 1),
        anHour('2030-10-29T23:00:00Z', 1),
      ],
    })
    expect(bars).toHaveLength(4)
  })

  it('tells the same as a table', () => {
    render(
      <SalesChart sales={hours(anHour('2030-01-01T10:00:00Z', 5), anHour('2030-01-01T13:00:00Z', 1, 2))} />,
    )
    expect(screen.getByRole('img')).toHaveAccessibleName(
      'Tickets sold and given back over time: 6 tickets sold from Jan 1, 11:00 AM to Jan 1, 2:00 PM',
    )
    const rows = screen.getAllByRole('row', { hidden: true }).map((row) => row.textContent)
    expect(rows).toEqual([
      'FromBookingsTickets soldGiven backSold for',
      'Jan 1, 11:00 AM550€50.00',
      'Jan 1, 2:00 PM112€10.00',
    ])
  })

  it('tells the minutes of the rush as a table', () => {
    const at = Date.parse('2030-01-01T10:00:00Z')
    render(
      <RushChart
        timeZone="UTC"
        minutes={[
          { at, bookings: 0, tickets: 0 },
          { at: at + 60_000, bookings: 12, tickets: 20 },
        ]}
      />,
    )
    expect(screen.getAllByRole('row', { hidden: true }).map((row) => row.textContent)).toEqual([
      'MinuteBookingsTickets',
      'Jan 1, 10:01 AM1220',
    ])
  })
})
