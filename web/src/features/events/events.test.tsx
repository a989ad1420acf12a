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
import { EventGrid } from './components/event-grid'
import { EventToolbar } from './components/event-toolbar'
import { LiveStatus } from './components/live-status'
import { useEventQuery } from './event-query'
import { changesOf, eventFormSchema } from './form-schema'

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
    expect(availabilityOf(anEvent({ remainingTickets }))).toEqual({ level, text })
  })

  it('of few tickets is scarce, whatever their share', () => {
    expect(availabilityOf(anEvent({ remainingTickets: 2, totalTickets: 3 }))).toEqual({
      level: 'good',
      text: 'Only 2 tickets left',
    })
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

describe('the toolbar', () => {
  function Toolbar() {
    const { query, settled, change } = useEventQuery()
    return (
      <>
        <EventToolbar query={query} onChange={(part) => void change(part)} />
        <output>{JSON.stringify(settled)}</output>
      </>
    )
  }
  const box = () => screen.getByRole('searchbox', { name: 'Search events by title' })
  const type = (text: string) => fireEvent.change(box(), { target: { value: text } })
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
    expect(screen.getByRole('combobox')).toHaveValue('date-asc')
  })

  it('ignores invalid values in the URL', async () => {
    history.replaceState(null, '', '/events?page=-4&sortBy=secret&sortOrder=up')
    render(<Toolbar />)
    expect(screen.getByRole('status')).toHaveTextContent(
      '{"search":"","sortBy":"date","sortOrder":"asc","page":1}',
    )
  })

  it('sorts, clears, and keeps the focus in the search', async () => {
    vi.useRealTimers()
    render(<Toolbar />)
    fireEvent.change(screen.getByRole('combobox'), { target: { value: 'title-desc' } })
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
    const values = { ...event, local: '2030-03-15T10:00', totalTickets: '100', price: '25' }
    const problems = safeParse(eventFormSchema, values).issues?.map(({ path, message }) => [
      path?.[0]?.key,
      message,
    ])
    expect(problems).toContainEqual([
      'timeZone',
      'This browser does not know this time zone; use a newer one.',
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

  it('sends only what was edited: not a time that the form can’t show exactly', () => {
    // The second 02:30 of an autumn night, with seconds, and a title that is long in UTF-16 only.
    const values = {
      title: '🎷'.repeat(150),
      description: '',
      venue: 'Blue Door Club',
      local: '2030-10-27T02:30',
      timeZone: 'Europe/Berlin',
      totalTickets: '100',
      price: '25',
      currency: 'EUR',
    }
    expect(safeParse(eventFormSchema, values).success).toBe(true)
    expect(changesOf(values, { price: true })).toEqual({ price: 25 })
    expect(changesOf(values, { timeZone: true })).toEqual({
      timeZone: 'Europe/Berlin',
      date: '2030-10-27T00:30:00Z',
    })
  })
})
