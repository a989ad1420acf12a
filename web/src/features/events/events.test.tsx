import { useQuery } from '@tanstack/react-query'
import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { safeParse } from 'valibot'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startSession } from '@/lib/session/session'
import type { Event, EventPage } from '@/lib/api/types'
import { applyChange, eventKeys } from '@/lib/event-cache'
import { setConnectionState } from '@/lib/live/connection-store'
import { show as render } from '../../../test/show'
import { anEvent, aSession, problem, server } from '../../../test/server'
import { EditConflict, updateEvent } from './api/change-event'
import { availabilityOf } from './availability'
import { AvailabilityBadge } from './components/availability-badge'
import { EventCard } from './components/event-card'
import { EventGrid } from './components/event-grid'
import { EventToolbar } from './components/event-toolbar'
import { LiveStatus } from './components/live-status'
import { parametersOf, useEventQuery } from './event-query'
import { changesOf, detailsOf, eventFormSchema, valuesOf } from './form-schema'

describe('availability', () => {
  it.each([
    [100, 'good', '100 tickets left'],
    [51, 'good', '51 tickets left'],
    [50, 'warn', '50 tickets left'],
    [10, 'warn', '10 tickets left'],
    [9, 'bad', 'Only 9 tickets left'],
    [1, 'bad', 'Last ticket'],
    [0, 'off', 'Sold Out'],
  ])('of %i in 100 is %s', (remainingTickets, level, text) => {
    expect(availabilityOf(anEvent({ remainingTickets }))).toMatchObject({ level, text })
  })

  it('of few tickets is scarce, whatever their share, and in no calm green', () => {
    const event = anEvent({ remainingTickets: 2, totalTickets: 2 })
    const { rerender } = render(<AvailabilityBadge event={event} />)
    const badge = () => screen.getByText(/2 tickets left/).parentElement
    expect(badge()).toHaveTextContent('Only 2 tickets left')
    expect(badge()).toHaveAttribute('data-tone', 'good')
    expect(badge()).toHaveClass('bg-good!')
    rerender(<AvailabilityBadge event={{ ...event, remainingTickets: 52, totalTickets: 52 }} />)
    expect(badge()).not.toHaveClass('bg-good!')
  })

  it('of a past event is none', () => {
    expect(availabilityOf(anEvent({ date: '2020-01-01T00:00:00Z' })).level).toBe('off')
  })

  it('is shown in words and a sign, not by colour alone', () => {
    const { container } = render(<AvailabilityBadge event={anEvent({ remainingTickets: 0 })} />)
    expect(screen.getByText('Sold Out').parentElement).toHaveAttribute('data-tone', 'off')
    expect(container.querySelector('svg')).toHaveAttribute('aria-hidden', 'true')
  })
})

function List({ events, action }: { events: Event[]; action: (event: Event) => null }) {
  const { data } = useQuery<EventPage>({
    queryKey: eventKeys.list({}),
    queryFn: () => Promise.reject(new Error('is not fetched')),
    staleTime: Infinity,
    initialData: { data: events, meta: { total: 3, page: 1, limit: 12, totalPages: 1 } },
  })
  return <EventGrid events={data.data} action={action} />
}

describe('a change', () => {
  const changeTo = (change: Parameters<typeof applyChange>[0]) =>
    act(async () => {
      applyChange(change)
      await new Promise((resolve) => setTimeout(resolve)) // the cache tells its observers in a task
    })

  it('renders the card that changed, and no other', async () => {
    const events = [anEvent({ title: 'One' }), anEvent({ title: 'Two' }), anEvent({ title: 'Three' })]
    const rendered: string[] = []
    const action = (event: Event) => {
      rendered.push(event.title)
      return null
    }
    render(<List events={events} action={action} />)
    expect(rendered).toEqual(['One', 'Two', 'Three'])
    rendered.length = 0
    await changeTo({ eventId: events[1]!.id, version: 4, remainingTickets: 5 })
    expect(rendered).toEqual(['Two'])
    expect(screen.getByText('Only 5 tickets left')).toBeInTheDocument()
    rendered.length = 0
    await changeTo({ eventId: events[1]!.id, version: 3, remainingTickets: 50 })
    await changeTo({ eventId: 'not shown', version: 1, remainingTickets: 1 })
    expect(rendered).toEqual([])
  })
})

describe('pictures', () => {
  it('are fetched when they come into view, but for the first, which is in view at once', () => {
    const image = { url: '/images/1', width: 960, height: 540 }
    const { container } = render(
      <EventGrid events={[anEvent({ image }), anEvent({ image })]} action={() => null} />,
    )
    const [first, second] = container.querySelectorAll('img')
    expect(first).toHaveAttribute('loading', 'eager')
    expect(first).toHaveAttribute('fetchpriority', 'high')
    expect(second).toHaveAttribute('loading', 'lazy')
    expect(second).not.toHaveAttribute('fetchpriority')
  })
})

describe('the price on a card', () => {
  const types = (...prices: number[]) =>
    prices.map((price, id) => ({ id, name: `Type ${id}`, price, remaining: 5 }))

  it.each([
    [types(30, 12.5), /From\s*\$12\.50/],
    [types(30, 30), /^(?!.*From).*\$30\.00/],
  ])('is that of the cheapest ticket', (ticketTypes, price) => {
    render(<EventCard event={anEvent({ price: 30, ticketTypes })} action={() => null} />)
    expect(screen.getByRole('article')).toHaveTextContent(price)
  })
})

describe('the toolbar', () => {
  function Toolbar() {
    const { query, settled, change } = useEventQuery()
    return (
      <>
        <EventToolbar query={query} onChange={(part) => void change(part)} />
        <output>{JSON.stringify(parametersOf(settled))}</output>
      </>
    )
  }
  const box = () => screen.getByRole('searchbox', { name: 'Search events by title or venue' })
  const type = (text: string) => fireEvent.change(box(), { target: { value: text } })
  const asked = () => JSON.parse(screen.getByRole('status', { hidden: true }).textContent!) as object
  const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('searches 300 ms after the last letter, in the URL', async () => {
    history.replaceState(null, '', '/events?page=3')
    render(<Toolbar />)
    type('j')
    await wait(200)
    type('ja')
    await wait(200)
    expect(location.search).not.toContain('search')
    await wait(200)
    expect(location.search).toBe('?search=ja') // and on the first page
    expect(screen.getByRole('status', { hidden: true })).toHaveTextContent('"search":"ja"')
  })

  it('follows the URL', async () => {
    history.replaceState(null, '', '/events?search=jazz&sortBy=price&sortOrder=desc')
    render(<Toolbar />)
    expect(box()).toHaveValue('jazz')
    expect(screen.getByRole('combobox', { name: 'Sort by' })).toHaveValue('price-desc')
    act(() => {
      history.pushState(null, '', '/events?search=opera')
      dispatchEvent(new PopStateEvent('popstate'))
    })
    expect(box()).toHaveValue('opera')
    expect(screen.getByLabelText('Sort by')).toHaveValue('date-asc')
  })

  it('ignores invalid values in the URL', async () => {
    history.replaceState(
      null,
      '',
      '/events?page=-4&sortBy=secret&sortOrder=up&category=secret&when=dates&from=soon&price=most&most=-1x&currency=?',
    )
    render(<Toolbar />)
    expect(asked()).toEqual({ sortBy: 'date', sortOrder: 'asc', page: 1 })
  })

  it.each([
    ['', {}],
    ['available=true', { available: true }],
    ['category=music', { category: ['music'] }],
    ['price=free', { maxPrice: '0' }],
    ['price=most', {}],
    ['price=most&most=30&currency=EUR', { maxPrice: '30', currency: 'EUR' }],
    ['when=today', { from: '2030-03-15T00:00:00.000Z', to: '2030-03-16T00:00:00.000Z' }],
    ['when=weekend', { from: '2030-03-16T00:00:00.000Z', to: '2030-03-18T00:00:00.000Z' }],
    // Lisbon's summer begins on March 31.
    [
      'when=dates&from=2030-03-30&to=2030-03-31',
      { from: '2030-03-30T00:00:00.000Z', to: '2030-03-31T23:00:00.000Z' },
    ],
    ['when=dates&to=2030-03-20', { to: '2030-03-21T00:00:00.000Z' }],
  ])('asks for ?%s of the URL', (search, filter) => {
    vi.setSystemTime('2030-03-15T10:00:00Z') // a Friday
    history.replaceState(null, '', `/events?${search}`)
    render(<Toolbar />)
    expect(asked()).toEqual({ sortBy: 'date', sortOrder: 'asc', page: 1, ...filter })
  })

  it('knows the weekend on its Sunday', () => {
    vi.setSystemTime('2030-03-17T10:00:00Z')
    history.replaceState(null, '', '/events?when=weekend')
    render(<Toolbar />)
    expect(asked()).toMatchObject({ from: '2030-03-17T00:00:00.000Z', to: '2030-03-18T00:00:00.000Z' })
  })

  it('filters in the URL, on the first page, and counts the filters', async () => {
    vi.useRealTimers()
    history.replaceState(null, '', '/events?page=3')
    render(<Toolbar />)
    const choose = (label: string, value: string) =>
      fireEvent.change(screen.getByLabelText(label), { target: { value } })
    choose('Category', 'music')
    choose('When', 'dates')
    choose('From', '2030-03-15')
    choose('Price', 'most')
    choose('Highest price', '30 euros')
    choose('Currency', 'EUR')
    fireEvent.click(screen.getByLabelText('Available only'))
    await waitFor(() =>
      expect(Object.fromEntries(new URLSearchParams(location.search))).toEqual({
        category: 'music',
        when: 'dates',
        from: '2030-03-15',
        price: 'most',
        most: '30',
        currency: 'EUR',
        available: 'true',
      }),
    )
    expect(screen.getByRole('button', { name: /^Filters\s?, 4 active$/ })).toBeInTheDocument()
  })

  it('sorts, clears, and keeps the focus in the search', async () => {
    vi.useRealTimers()
    render(<Toolbar />)
    fireEvent.change(screen.getByLabelText('Sort by'), { target: { value: 'title-desc' } })
    await waitFor(() => expect(location.search).toBe('?sortBy=title&sortOrder=desc'))
    type('x')
    await waitFor(() => expect(location.search).toContain('search=x'))
    fireEvent.click(screen.getByRole('button', { name: 'Clear search' }))
    expect(box()).toHaveFocus()
    await waitFor(() => expect(location.search).toBe('?sortBy=title&sortOrder=desc'))
  })
})

describe('the state of counts', () => {
  it.each([
    ['live', false, 'Live counts'],
    ['polling', false, 'Counts refresh every 5 seconds'],
    ['polling', true, /Not up to date: counts as of \d/],
    ['offline', false, /Not up to date/],
  ] as const)('while %s (failing: %s) is told', (connection, failing, text) => {
    setConnectionState(connection)
    render(<LiveStatus asOf={Date.parse('2030-01-01T10:42:00Z')} failing={failing} />)
    expect(screen.getByRole('status')).toHaveTextContent(text)
  })
})

describe('a time zone that the browser does not know', () => {
  const event = anEvent({ timeZone: 'Atlantis/Poseidonia' })

  it('shows the event in UTC', () => {
    render(<EventGrid events={[event]} action={() => null} />)
    expect(screen.getByRole('heading', { name: event.title })).toBeVisible()
  })

  it('prevents saving a date, which would be wrong', () => {
    const values = { ...valuesOf(event), local: '2030-03-15T10:00' }
    const problems = safeParse(eventFormSchema, values).issues?.map(({ path, message }) => [
      path?.[0]?.key,
      message,
    ])
    expect(problems).toContainEqual([
      'timeZone',
      'Your browser doesn’t know this time zone. Try a newer one.',
    ])
    expect(safeParse(eventFormSchema, { ...values, timeZone: 'UTC' }).success).toBe(true)
  })
})

describe('saving an event', () => {
  beforeEach(() => startSession(aSession('t', { role: 'organizer' })))
  const seen = anEvent({ id: 'e', version: 3 })
  const wanted = { title: 'Late Jazz Night' }
  function patches(current: () => object) {
    const asked: { ifMatch: string | null; body: unknown }[] = []
    server.use(
      http.patch('*/api/events/e', async ({ request }) => {
        asked.push({ ifMatch: request.headers.get('If-Match'), body: await request.json() })
        return asked.at(-1)?.ifMatch === '"5"'
          ? HttpResponse.json({ ...seen, ...wanted, version: 6 })
          : problem(412, 'version_mismatch')
      }),
      http.get('*/api/events/e', () => HttpResponse.json(current())),
    )
    return asked
  }

  it('sends the changed fields, and again when only bookings changed the version', async () => {
    const asked = patches(() => ({ ...seen, version: 5, remainingTickets: 58 }))
    expect(await updateEvent(seen, wanted)).toMatchObject({ version: 6 })
    expect(asked).toEqual([
      { ifMatch: '"3"', body: { title: 'Late Jazz Night' } },
      { ifMatch: '"5"', body: { title: 'Late Jazz Night' } },
    ])
  })

  it('is a conflict when another user has changed it', async () => {
    const asked = patches(() => ({ ...seen, version: 5, venue: 'Elsewhere' }))
    await expect(updateEvent(seen, wanted)).rejects.toBeInstanceOf(EditConflict)
    expect(asked).toHaveLength(1)
  })

  it('sends no request when nothing was changed', async () => {
    const asked = patches(() => seen)
    expect(await updateEvent(seen, {})).toBe(seen)
    expect(asked).toHaveLength(0)
  })

  // The second 02:30 of an autumn night, with seconds, and a title that is long in UTF-16 only.
  const values = valuesOf(
    anEvent({
      title: '🎷'.repeat(150),
      date: '2030-10-27T01:30:25Z',
      timeZone: 'Europe/Berlin',
      currency: 'EUR',
    }),
  )

  it('sends only what was edited: not a time that the form can’t show exactly', () => {
    expect(safeParse(eventFormSchema, values).success).toBe(true)
    expect(changesOf({ ...values, price: '25' }, { price: true })).toEqual({ price: 25 })
    expect(changesOf(values, { timeZone: true })).toEqual({
      timeZone: 'Europe/Berlin',
      date: '2030-10-27T01:30:00Z',
    })
  })

  it('knows which of two equal times was meant', () => {
    expect(values).toMatchObject({ local: '2030-10-27T02:30', reading: '1' })
    expect(detailsOf(values).date).toBe('2030-10-27T01:30:00Z')
    expect(detailsOf({ ...values, reading: '0' }).date).toBe('2030-10-27T00:30:00Z')
    // It ends an hour after it starts, and half an hour before on the clock.
    const short = { ...values, reading: '0', endLocal: '2030-10-27T02:00', endReading: '1' }
    expect(detailsOf(short)).toMatchObject({ date: '2030-10-27T00:30:00Z', endsAt: '2030-10-27T01:00:00Z' })
    expect(safeParse(eventFormSchema, short).success).toBe(true)
    expect(safeParse(eventFormSchema, { ...short, endReading: '0' }).issues?.[0]).toMatchObject({
      message: 'The event must end after it starts.',
      path: [{ key: 'endLocal' }],
    })
  })
})
