import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type {
  StreamFairness,
  StreamItem,
  StreamPage,
  StreamRecord,
  StreamSeries,
  StreamState,
  Verification,
} from '@/lib/api/types'
import { startSession } from '@/lib/session/session'
import { aSession, newId, problem, server } from '../../../../../test/server'
import { show, textOf } from '../../../../../test/show'
import { fetchSeries } from '@/features/audit/api/get-series'
import Charts from '@/features/audit/components/charts'
import { Fairness } from '@/features/audit/components/fairness'
import { StateAtVersion } from '@/features/audit/components/state-at-version'
import { TimeSlider } from '@/features/audit/components/time-slider'
import { Tools } from '@/features/audit/components/tools'
import { actorOf, describeRecord } from '@/features/audit/record'
import StreamPageView from './[id]/page'
import AuditPage from './page'

const toasts = vi.hoisted(() => ({ success: vi.fn(), error: vi.fn(), info: vi.fn(), warning: vi.fn() }))
vi.mock('@/lib/toast', () => ({ toast: toasts }))
const saved = vi.hoisted(() => vi.fn())
vi.mock('@/lib/save-file', () => ({ saveFile: saved }))

beforeEach(() => {
  for (const mock of [...Object.values(toasts), saved]) mock.mockReset()
  startSession(aSession('access-1', { role: 'auditor' }))
  server.use(http.get('*/api/audit/verifications', () => HttpResponse.json({ data: [] })))
})

const stream = '00000000-0000-4000-9000-000000000001'
const ada = '7f3c1b2a-4d5e-4f60-8a7b-9c0d1e2f3a4b'

function aRecord(version: number, part: Partial<StreamRecord> = {}): StreamRecord {
  const remaining = 501 - version
  return {
    version,
    position: 1_000 + version,
    type: version === 1 ? 'EventScheduled' : 'TicketBooked',
    schemaVersion: 1,
    data: version === 1 ? { capacity: 500 } : { bookingId: newId(), customerId: ada },
    metadata: { actor: ada },
    recordedAt: new Date(Date.UTC(2030, 0, 1, 12, 0, version)).toISOString(),
    hash: 'ab'.repeat(32),
    state: { status: 'SCHEDULED', capacity: 500, sold: version - 1, held: 0, remaining, waiting: 0 },
    ...part,
  }
}

/** Answers like the API for a stream with this many records, and records the requests. */
function serveStream(
  newest: number,
  change: (record: StreamRecord) => StreamRecord = (r) => r,
  state: Partial<StreamState> = {},
) {
  const asked: string[] = []
  server.use(
    http.get(`*/api/audit/streams/${stream}`, ({ request }) => {
      const { searchParams, search } = new URL(request.url)
      asked.push(search)
      const at = Math.min(newest, Number(searchParams.get('at')) || newest)
      const after = Number(searchParams.get('after'))
      const count = Math.max(0, Math.min(at - after, Number(searchParams.get('limit'))))
      const records = Array.from({ length: count }, (_, i) => change(aRecord(after + i + 1)))
      return HttpResponse.json({
        streamId: stream,
        version: newest,
        records,
        state: {
          ...aRecord(at).state,
          version: at,
          position: 1_000 + at,
          at: aRecord(at).recordedAt,
          title: 'Jazz Night',
          description: '',
          venue: 'Blue Door Club',
          date: '2030-03-15T10:00:00Z',
          timeZone: 'UTC',
          price: 49.99,
          currency: 'USD',
          bookings: at - 1,
          maxPerCustomer: 1,
          ticketTypes: [],
          holds: [],
          waitlist: [],
          ...state,
        },
      } satisfies StreamPage)
    }),
    http.get(`*/api/audit/streams/${stream}/series`, () => HttpResponse.json(noSeries)),
  )
  return asked
}

const noSeries: StreamSeries = { streamId: stream, spanSeconds: 0.001, spans: [], busiest: -1 }

describe('the list of streams', () => {
  const anItem = (part: Partial<StreamItem> = {}): StreamItem => ({
    id: newId(),
    position: 1,
    records: 12,
    title: 'Jazz Night',
    status: 'SCHEDULED',
    capacity: 100,
    remaining: 89,
    firstAt: '2030-01-01T12:00:00Z',
    lastAt: '2030-01-02T12:00:00Z',
    ...part,
  })

  function serveList(pages: Record<string, { data: StreamItem[]; next?: number }>) {
    const asked: string[] = []
    server.use(
      http.get('*/api/audit/streams', ({ request }) => {
        const { searchParams } = new URL(request.url)
        const key = `${searchParams.get('search') ?? ''}@${searchParams.get('after')}`
        asked.push(key)
        return HttpResponse.json({ total: 51, ...(pages[key] ?? { data: [] }) })
      }),
    )
    return asked
  }

  it('counts, pages and searches, in the URL', async () => {
    history.replaceState(null, '', '/audit')
    serveList({
      '@0': { data: [anItem()], next: 40 },
      '@40': { data: [anItem({ title: 'Opera' })] },
      'chess@0': { data: [anItem({ title: 'Chess Open' })] },
    })
    vi.stubGlobal('scrollTo', vi.fn())
    show(<AuditPage />)
    const item = await screen.findByRole('listitem')
    expect(item).toHaveTextContent('12 entries')
    expect(item).toHaveTextContent('89 of 100 tickets left')
    expect(screen.getByText('51 events on record')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('link', { name: 'Next page' }))
    expect(location.search).toBe('?after=40')
    expect(await screen.findByRole('heading', { name: 'Opera' })).toBeInTheDocument()
    expect(screen.queryByRole('link', { name: 'Next page' })).not.toBeInTheDocument()
    await userEvent.click(screen.getByRole('link', { name: 'First page' }))
    expect(location.search).toBe('')
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search by title or ID' }), 'chess')
    expect(await screen.findByRole('heading', { name: 'Chess Open' })).toBeInTheDocument()
    await waitFor(() => expect(location.search).toBe('?search=chess'))
    vi.unstubAllGlobals()
  })

  it('shows a message when nothing is found', async () => {
    history.replaceState(null, '', '/audit?search=zzz')
    serveList({})
    show(<AuditPage />)
    expect(await screen.findByText('No events found')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Show all events' }))
    await waitFor(() => expect(location.search).toBe(''))
  })

  it('shows an error with a retry when it can’t be fetched', async () => {
    history.replaceState(null, '', '/audit')
    server.use(http.get('*/api/audit/streams', () => problem(403, 'forbidden')))
    show(<AuditPage />)
    expect(await screen.findByRole('alert')).toHaveTextContent('The histories couldn’t be loaded')
    serveList({ '@0': { data: [anItem()] } })
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByRole('heading', { name: 'Jazz Night' })).toBeInTheDocument()
  })
})

describe('the time slider', () => {
  const slider = () => screen.getByRole('slider')
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const wait = (ms: number) => act(() => vi.advanceTimersByTime(ms))

  it('moves at once and reports the version when it stops', () => {
    const onChange = vi.fn()
    render(<TimeSlider version={40} newest={40} onChange={onChange} />)
    expect(slider()).toHaveAttribute('aria-valuetext', 'Entry 40 of 40')
    expect(slider()).toHaveAttribute('min', '1')
    for (const value of [30, 20, 10]) {
      fireEvent.change(slider(), { target: { value } })
      wait(150)
    }
    expect(slider()).toHaveAttribute('aria-valuetext', 'Entry 10 of 40')
    expect(onChange).not.toHaveBeenCalled()
    wait(50)
    expect(onChange).toHaveBeenCalledExactlyOnceWith(10)
  })

  it('can be set by number and step by step, within the stream', () => {
    const onChange = vi.fn()
    const { rerender } = render(<TimeSlider version={40} newest={40} onChange={onChange} />)
    const number = screen.getByRole('spinbutton', { name: 'Entry' })
    expect(screen.getByRole('button', { name: 'Next entry' })).toBeDisabled()
    for (const value of ['', '0', '41', '1.5']) fireEvent.change(number, { target: { value } })
    wait(500)
    expect(onChange).not.toHaveBeenCalled()
    fireEvent.change(number, { target: { value: '2' } })
    fireEvent.click(screen.getByRole('button', { name: 'Previous entry' }))
    expect(screen.getByRole('button', { name: 'Previous entry' })).toBeDisabled()
    wait(500)
    expect(onChange).toHaveBeenCalledExactlyOnceWith(1)
    rerender(<TimeSlider version={7} newest={40} onChange={onChange} />)
    expect(slider()).toHaveValue('7')
  })
})

describe('a stream', () => {
  it('shows the newest version first, and any other that is chosen', async () => {
    history.replaceState(null, '', `/audit/${stream}`)
    const asked = serveStream(120)
    show(<StreamPageView />)
    expect(await screen.findByRole('heading', { level: 1, name: 'Jazz Night' })).toBeInTheDocument()
    const past = screen.getByRole('region', { name: 'At that moment' })
    await waitFor(() => expect(past).toHaveTextContent('Tickets left381'))
    expect(await screen.findByText('Entries 101 to 120 of 120')).toBeInTheDocument()
    expect(
      await screen.findAllByRole('button', { name: /^Entry \d+: Customer 3a4b booked a ticket/ }),
    ).toHaveLength(20)
    await userEvent.click(screen.getByRole('button', { name: /^Entry 105:/ }))
    expect(location.search).toBe('?at=105')
    await waitFor(() => expect(past).toHaveTextContent('Tickets left396'))
    expect(screen.getByRole('slider')).toHaveValue('105')
    expect(past).toHaveTextContent(`Done by user${ada}`)
    fireEvent.change(screen.getByRole('slider'), { target: { value: 3 } })
    expect(await screen.findByText('Entries 1 to 25 of 120')).toBeInTheDocument()
    await waitFor(() => expect(past).toHaveTextContent('Tickets left498'))
    for (const [value, remaining] of [
      [105, 396],
      [4, 497],
    ]) {
      fireEvent.change(screen.getByRole('slider'), { target: { value } })
      await waitFor(() => expect(past).toHaveTextContent(`Tickets left${remaining}`))
    }
    // No request was for more than a page, and none was sent twice.
    expect(asked.filter((q) => Number(new URLSearchParams(q).get('limit')) > 25)).toEqual([])
    expect(asked.filter((q) => q.includes('at=105'))).toHaveLength(1)
  })

  it('shows records that break a rule or can’t be read', async () => {
    history.replaceState(null, '', `/audit/${stream}`)
    serveStream(3, (record) => (record.version === 2 ? { ...record, problem: 'sold twice' } : record))
    show(<StreamPageView />)
    expect(await screen.findByText('sold twice')).toBeInTheDocument()
  })

  it('may not exist', async () => {
    history.replaceState(null, '', `/audit/${stream}`)
    server.use(http.get(`*/api/audit/streams/${stream}`, () => problem(404, 'stream_not_found')))
    show(<StreamPageView />)
    expect(
      await screen.findByRole('heading', { level: 1, name: 'This event isn’t on record' }),
    ).toBeInTheDocument()
  })

  it('shows an error for each part that can’t be fetched', async () => {
    history.replaceState(null, '', `/audit/${stream}?at=2`)
    serveStream(3)
    server.use(
      http.get(`*/api/audit/streams/${stream}/series`, () => problem(403, 'forbidden')),
      http.get(`*/api/audit/streams/${stream}`, ({ request }) =>
        request.url.includes('at=') ? problem(403, 'forbidden') : undefined,
      ),
    )
    show(<StreamPageView />)
    expect(await screen.findByText('The charts couldn’t be loaded')).toBeInTheDocument()
    expect(await screen.findByText('This moment couldn’t be loaded')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: /^Entry 2:/ })).toBeInTheDocument()
  })
})

describe('a record in words', () => {
  const words = (
    type: string,
    data: Record<string, unknown>,
    metadata: Record<string, unknown> = { actor: ada },
  ) => describeRecord(aRecord(2, { type, data, metadata }))

  it('names the actor, the action and the customer', () => {
    expect(words('EventScheduled', { capacity: 1200 })).toBe('The event was scheduled with 1,200 tickets')
    expect(words('CapacityChanged', { capacity: 7 })).toBe('The number of tickets was changed to 7')
    expect(words('TicketBooked', { customerId: ada })).toBe('Customer 3a4b booked a ticket')
    expect(words('BookingCancelled', { customerId: 'b0b' })).toBe('A booking of customer b0b was cancelled')
    expect(words('TicketCheckedIn', { number: 1 })).toBe('A ticket was checked in at the door')
    expect(words('CheckInUndone', { number: 1 })).toBe('A check-in was undone')
    expect(words('OrganizerAdded', { userId: ada })).toBe('User 3a4b was added to the event’s team')
    expect(words('OrganizerRemoved', { userId: ada })).toBe('User 3a4b was removed from the event’s team')
    expect(words('MessageSent', { recipients: 2 })).toBe('A message was sent to 2 people')
    expect(words('WaitingListJoined', {})).toBe('Waiting list joined') // of a later version
    expect(actorOf(aRecord(2))).toBe(ada)
    expect(
      actorOf(aRecord(2, { metadata: { actor: '00000000-0000-0000-0000-000000000000' } })),
    ).toBeUndefined()
  })
})

describe('the charts', () => {
  const T = Date.UTC(2030, 0, 1, 12)
  const span = (at: number, part: Partial<StreamSeries['spans'][number]> = {}) => ({
    at: new Date(at).toISOString(),
    version: 1,
    capacity: 10,
    remaining: 10,
    bookings: 0,
    cancellations: 0,
    ...part,
  })

  it('have tables with the same figures', async () => {
    const all: StreamSeries = {
      streamId: stream,
      spanSeconds: 3_600,
      busiest: 1,
      spans: [span(T), span(T + 3_600_000, { version: 5, remaining: 6, bookings: 4 })],
    }
    const rush = [0, 1, 2].map((i) => ({ at: T + i * 1_000, bookings: [3, 0, 1][i]! }))
    render(<Charts series={{ all, rush }} />)
    expect(
      screen.getByRole('img', { name: 'Line chart of tickets left: 10 at first, 6 in the end' }),
    ).toBeInTheDocument()
    expect(
      screen.getByRole('img', {
        name: /^Bar chart of bookings per second in the minute from .*: at most 3$/,
      }),
    ).toBeInTheDocument()
    for (const summary of screen.getAllByText('Show as a table')) await userEvent.click(summary)
    const rows = (name: RegExp) =>
      within(screen.getByRole('table', { name }))
        .getAllByRole('row')
        .map((row) => [...row.children].map((cell) => cell.textContent).join(' | '))
    expect(rows(/^Tickets left/)).toEqual([
      'Time | Entry | Tickets left',
      'Jan 1, 2030, 12:00:00.000 PM | 1 | 10',
      'Jan 1, 2030, 1:00:00.000 PM | 5 | 6',
    ])
    expect(rows(/^Bookings/)).toEqual([
      'Second | Bookings',
      'Jan 1, 2030, 12:00:00.000 PM | 3',
      'Jan 1, 2030, 12:00:02.000 PM | 1',
    ])
  })

  it('show a message when there are no bookings', () => {
    render(<Charts series={{ all: noSeries, rush: [] }} />)
    expect(screen.getByText('No tickets have been booked yet.')).toBeInTheDocument()
  })

  it('find the busiest seconds of a long time by dividing spans', async () => {
    // One booking a day for 200 days, and one hundred within three seconds of the hundredth day.
    const DAY = 86_400_000
    const rushAt = T + 100 * DAY + 5_000_250
    const booked = [
      ...Array.from({ length: 200 }, (_, i) => T + i * DAY),
      ...Array.from({ length: 100 }, (_, i) => rushAt + i * 30),
    ].sort((a, b) => a - b)
    let asked = 0
    server.use(
      http.get(`*/api/audit/streams/${stream}/series`, ({ request }) => {
        asked++
        const { searchParams } = new URL(request.url)
        const from = Date.parse(searchParams.get('from') ?? '') || booked[0]!
        const to = Date.parse(searchParams.get('to') ?? '') || booked.at(-1)!
        const length = Math.max(1, (to - from) / Number(searchParams.get('spans')))
        const spans: StreamSeries['spans'] = []
        for (const at of booked.filter((b) => b >= from && b <= to)) {
          const begin = from + Math.floor((at - from) / length) * length
          if (spans.at(-1)?.at !== new Date(begin).toISOString()) spans.push(span(begin))
          spans.at(-1)!.bookings++
        }
        const most = Math.max(...spans.map((s) => s.bookings))
        return HttpResponse.json({
          streamId: stream,
          spanSeconds: length / 1_000,
          spans,
          busiest: spans.findIndex((s) => s.bookings === most),
        } satisfies StreamSeries)
      }),
    )
    const { rush } = await fetchSeries(stream)
    expect(asked).toBeLessThanOrEqual(5)
    expect(rush).toHaveLength(60)
    expect(rush.filter((s) => s.bookings > 0).map((s) => s.bookings)).toEqual([25, 34, 33, 8])
    expect(rush.find((s) => s.bookings > 0)!.at).toBe(rushAt - 250)
  })
})

describe('verifying', () => {
  const report: NonNullable<Verification['report']> = {
    streamId: stream,
    head: 2_000,
    records: 120,
    streams: 1,
    checkpoints: 3,
    signaturesChecked: true,
    signedUpTo: 0,
    readModels: [],
    findings: [],
    more: 0,
    seconds: 0.25,
  }
  const aRun = (part: Partial<Verification> = {}): Verification => ({
    id: 'run-1',
    state: 'running',
    streamId: stream,
    startedBy: ada,
    startedAt: '2030-01-01T12:00:00Z',
    progress: { phase: 'records', done: 0, total: 120 },
    ...part,
  })
  /**
   * Answers the start with the first run, and later requests with the following ones; the last one
   * is repeated.
   */
  function serveRuns(first: Verification, ...later: (() => Response)[]) {
    const bodies: unknown[] = []
    server.use(
      http.post('*/api/audit/verifications', async ({ request }) => {
        bodies.push(await request.json())
        return HttpResponse.json(first, { status: 202 })
      }),
      http.get('*/api/audit/verifications/:id', () => (later.length > 1 ? later.shift()! : later[0]!)()),
    )
    return bodies
  }
  const answer = (part: Partial<Verification>) => () => HttpResponse.json(aRun(part))
  const outcome = () => screen.getByRole('status', { name: 'Verification' })
  const begin = async (streamId?: string) => {
    show(<Tools streamId={streamId} />)
    await userEvent.click(screen.getByRole('button', { name: /^Verify/ }))
  }

  it('shows progress, then that nothing is wrong', async () => {
    const bodies = serveRuns(
      aRun(),
      answer({ progress: { phase: 'records', done: 60, total: 120 } }),
      answer({ progress: { phase: 'read models', done: 120, total: 120 } }),
      answer({ state: 'passed', report }),
    )
    await begin(stream)
    expect(await screen.findByText('60 of 120 entries checked')).toBeInTheDocument()
    expect(screen.getByRole('progressbar', { name: 'Progress' })).toHaveAttribute('value', '60')
    expect(screen.getByRole('button', { name: 'Verifying…' })).toBeDisabled()
    expect(await screen.findByText(/^All entries are checked\./)).toBeInTheDocument()
    await waitFor(() =>
      expect(outcome()).toHaveTextContent(
        'No problems foundAll 120 entries were checked. None is missing, changed or out of order.',
      ),
    )
    expect(screen.getByRole('button', { name: 'Verify this history' })).toBeEnabled()
    expect(bodies).toEqual([{ streamId: stream }])
  })

  it('names the first bad record', async () => {
    const finding = {
      check: 'hash' as const,
      position: 1_007,
      streamId: stream,
      version: 7,
      detail: 'it was changed',
    }
    const findings = [finding, ...Array.from({ length: 11 }, (_, i) => ({ ...finding, position: 1_008 + i }))]
    serveRuns(aRun(), answer({ state: 'failed', report: { ...report, findings, more: 5 } }))
    await begin(stream)
    await waitFor(() => expect(outcome()).toHaveTextContent('17 problems found, earliest first'))
    expect(within(outcome()).getAllByRole('link')).toHaveLength(10)
    const [first] = within(outcome()).getAllByRole('link')
    expect(first).toHaveTextContent('Entry 7')
    expect(first).toHaveAttribute('href', `/audit/${stream}?at=7`)
    expect(outcome()).toHaveTextContent('And 7 more.')
    expect(outcome()).not.toHaveTextContent('No problems found')
  })

  it('verifies the whole log without a stream', async () => {
    const bodies = serveRuns(
      aRun({ streamId: undefined }),
      answer({ streamId: undefined, state: 'passed', report: { ...report, signaturesChecked: false } }),
    )
    await begin()
    await waitFor(() => expect(outcome()).toHaveTextContent('3 signed checkpoints compared'))
    expect(outcome()).toHaveTextContent('Signatures weren’t checked')
    expect(bodies).toEqual([{}])
  })

  it('reports that another verification was already running', async () => {
    serveRuns(aRun({ streamId: undefined }), answer({ streamId: undefined, state: 'passed', report }))
    await begin(stream)
    await waitFor(() =>
      expect(outcome()).toHaveTextContent('Another verification was already running, of all histories.'),
    )
  })

  it('follows one that runs since before a reload of the page', async () => {
    serveRuns(aRun(), answer({ state: 'passed', report }))
    server.use(
      http.get('*/api/audit/verifications', () =>
        HttpResponse.json({ data: [aRun({ progress: { phase: 'records', done: 40, total: 120 } })] }),
      ),
    )
    show(<Tools streamId={stream} />)
    await waitFor(() => expect(outcome()).toHaveTextContent('No problems found'))
  })

  it('claims nothing when the server has it no more', async () => {
    serveRuns(aRun(), () => problem(404, 'not_verified'))
    await begin(stream)
    await waitFor(() => expect(outcome()).toHaveTextContent('The result is no longer available'))
    expect(outcome()).not.toHaveTextContent('No problems found')
  })

  it('reports that the verification failed', async () => {
    serveRuns(aRun(), answer({ state: 'broken', error: 'The database is gone' }))
    await begin(stream)
    await waitFor(() =>
      expect(outcome()).toHaveTextContent('The verification couldn’t be completed. The database is gone'),
    )
  })

  it('continues when the server answers again', async () => {
    serveRuns(aRun(), () => problem(403, 'forbidden'))
    await begin(stream)
    await waitFor(() => expect(outcome()).toHaveTextContent('It says forbidden'))
    serveRuns(aRun(), answer({ state: 'passed', report }))
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(outcome()).toHaveTextContent('No problems found'))
  })
})

describe('an export', () => {
  it.each([
    ['JSON Lines', `?format=jsonl&stream=${stream}`],
    ['CloudEvents', `?format=cloudevents&stream=${stream}`],
  ])('as %s keeps its bytes and its name', async (format, query) => {
    const bytes = '{"position":1,"data":{"a": "\\u0026" }}\n'
    server.use(
      http.get('*/api/audit/export', ({ request }) => {
        expect(new URL(request.url).search).toBe(query)
        expect(request.headers.get('Authorization')).toBe('Bearer access-1')
        return new HttpResponse(bytes, {
          headers: { 'Content-Disposition': 'attachment; filename="boxoffice-x.jsonl"' },
        })
      }),
    )
    show(<Tools streamId={stream} />)
    await userEvent.click(screen.getByRole('button', { name: `Export as ${format}` }))
    await waitFor(() => expect(saved).toHaveBeenCalledOnce())
    const [file] = saved.mock.calls[0] as [File]
    expect(file.name).toBe('boxoffice-x.jsonl')
    expect(await textOf(file)).toBe(bytes)
  })

  it('that breaks off is not saved', async () => {
    server.use(
      http.get('*/api/audit/export', () => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('{"position":1}\n'))
            controller.error(new Error('gone'))
          },
        })
        return new HttpResponse(body)
      }),
    )
    show(<Tools />)
    await userEvent.click(screen.getByRole('button', { name: 'Export as JSON Lines' }))
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledExactlyOnceWith('The file couldn’t be downloaded.', {
        description: 'The box office can’t be reached. Check your connection and try again.',
      }),
    )
    expect(saved).not.toHaveBeenCalled()
  })
})

describe('holds and the waiting list', () => {
  const lines = [{ type: 1, quantity: 2 }]
  const counted = [{ ticketTypeId: 1, quantity: 2 }]

  it.each([
    ['EventScheduled', { capacity: 5, draft: true }, 'The event was prepared as a draft with 5 tickets'],
    ['EventPublished', {}, 'The event was published'],
    ['TicketBooked', { customerId: ada, lines }, 'Customer 3a4b booked 2 tickets'],
    ['TicketsHeld', { customerId: ada, lines }, 'Customer 3a4b reserved 2 tickets'],
    [
      'TicketsHeld',
      { customerId: ada, lines, before: lines },
      'Customer 3a4b renewed a reservation of 2 tickets',
    ],
    ['HoldConfirmed', { customerId: ada, lines }, 'Customer 3a4b booked 2 tickets that were reserved'],
    [
      'HoldConfirmed',
      { customerId: ada, lines, offered: true },
      'Customer 3a4b accepted 2 tickets from the waiting list',
    ],
    ['HoldReleased', { customerId: ada, lines }, 'Customer 3a4b gave back 2 tickets that were reserved'],
    ['HoldLapsed', { customerId: ada, lines }, 'A reservation of 2 tickets by customer 3a4b ran out'],
    ['WaitlistJoined', { customerId: ada, lines }, 'Customer 3a4b joined the waiting list for 2 tickets'],
    ['WaitlistLeft', { customerId: ada, lines }, 'Customer 3a4b left the waiting list'],
    ['TicketsOffered', { customerId: ada, lines }, '2 tickets were offered to customer 3a4b'],
    ['OfferDeclined', { customerId: ada, lines }, 'Customer 3a4b declined an offer of 2 tickets'],
    ['OfferLapsed', { customerId: ada, lines }, 'An offer of 2 tickets to customer 3a4b ran out'],
  ])('are told in words: %s %j', (type, data, sentence) => {
    expect(describeRecord(aRecord(2, { type, data }))).toBe(sentence)
  })

  it('are part of a moment', async () => {
    const type = { id: 1, name: 'Floor', price: 5, sold: 2, held: 2, remaining: 0 }
    serveStream(3, undefined, {
      held: 2,
      waiting: 102,
      ticketTypes: [type, { ...type, id: 2, name: 'Balcony' }],
      holds: [{ id: newId(), userId: ada, offered: true, lines: counted, expiresAt: '2030-01-01T12:00:00Z' }],
      waitlist: [{ id: newId(), userId: ada, number: 7, lines: counted }],
    })
    show(<StateAtVersion streamId={stream} version={3} />)
    expect(await screen.findByText('Balcony')).toBeVisible()
    expect(screen.getAllByText('2 sold, 2 reserved, 0 left')).toHaveLength(2)
    expect(screen.getByText(/Customer 3a4b: 2 tickets offered until/)).toBeInTheDocument()
    expect(screen.getByText('Customer 3a4b: 2 tickets')).toBeInTheDocument()
    expect(screen.getByText('And 101 more.')).toBeInTheDocument()
  })

  const fair: StreamFairness = {
    streamId: stream,
    version: 9,
    records: 9,
    freed: 1,
    joined: 2,
    offers: 1,
    waiting: 1,
    findings: [],
    more: 0,
    steps: [
      {
        version: 8,
        position: 8,
        at: '2030-01-01T12:00:00Z',
        type: 'BookingCancelled',
        customerId: newId(),
        lines: [{ ticketTypeId: 1, quantity: 1 }],
        free: 1,
        waiting: 2,
        outcome: 'offered',
      },
      {
        version: 9,
        position: 9,
        at: '2030-01-01T12:00:00Z',
        type: 'TicketsOffered',
        customerId: ada,
        lines: [{ ticketTypeId: 1, quantity: 1 }],
        free: 1,
        waiting: 2,
        outcome: 'offered',
        offer: {
          entryId: newId(),
          number: 2,
          joinedVersion: 5,
          expiresAt: '2030-01-01T12:10:00Z',
          before: 1,
          skipped: [{ number: 1, customerId: newId(), lines: counted, others: 0, free: 1 }],
        },
      },
    ],
  }

  function serveFairness(answer: StreamFairness) {
    server.use(http.get(`*/api/audit/streams/${stream}/fairness`, () => HttpResponse.json(answer)))
    show(<Fairness streamId={stream} />)
    return userEvent.click(screen.getByRole('button', { name: 'Check the waiting list' }))
  }

  it('are checked when asked, and told why each offer was right', async () => {
    await serveFairness(fair)
    expect(await screen.findByText('Everybody got their turn')).toBeVisible()
    const list = screen.getByText('Tickets that became free, and offers').closest('details')
    expect(list).toHaveTextContent('A ticket offered to customer 3a4b')
    expect(list).toHaveTextContent('1 person waited longer and wanted more than was free')
    expect(list).toHaveTextContent('Number 1 wanted 2 tickets; 1 free')
  })

  it('show who was passed over', async () => {
    const problem = 'the customer x comes first'
    await serveFairness({
      ...fair,
      findings: [{ check: 'fairness', position: 9, streamId: stream, version: 9, detail: problem }],
      steps: fair.steps.map((step) => (step.version === 9 ? { ...step, problem } : step)),
    })
    expect(await screen.findByText('1 problem found, earliest first')).toBeVisible()
    expect(screen.getAllByText(/the customer x comes first/)).toHaveLength(2)
    expect(screen.queryByText('Everybody got their turn')).not.toBeInTheDocument()
  })
})
