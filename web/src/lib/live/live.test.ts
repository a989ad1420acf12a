import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Event as TicketedEvent } from '@/lib/api/types'
import { applyChange, eventKeys, markSoldOut, withNewestCounts } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { aBooking, anEvent } from '../../../test/server'
import { LiveConnection } from './connection'
import { connectionState, silentSince } from './connection-store'

const cache = (event: TicketedEvent) => queryClient.setQueryData(eventKeys.one(event.id), event)
const cached = (id: string) => queryClient.getQueryData<TicketedEvent>(eventKeys.one(id))

describe('changes', () => {
  it('never go backwards', () => {
    cache(anEvent({ id: 'e', version: 1 }))
    applyChange({ eventId: 'e', version: 7, remainingTickets: 3 })
    applyChange({ eventId: 'e', version: 6, remainingTickets: 4 })
    expect(cached('e')).toMatchObject({ version: 7, remainingTickets: 3 })
    const event = anEvent({ id: 'e', version: 8, remainingTickets: 2 })
    expect(withNewestCounts(event)).toBe(event) // fetched later, so newer
    expect(withNewestCounts({ ...event, version: 5, title: 'New' })).toMatchObject({
      title: 'New',
      version: 7,
      remainingTickets: 3,
    })
  })

  it('keep fields that a later change lacks', () => {
    cache(anEvent({ id: 'e', version: 0 }))
    applyChange({ eventId: 'e', version: 1, remainingTickets: 3, totalTickets: 9, status: 'CANCELLED' })
    applyChange({ eventId: 'e', version: 2, remainingTickets: 4 })
    expect(cached('e')).toMatchObject({ remainingTickets: 4, totalTickets: 9, status: 'CANCELLED' })
  })

  it('are written into every list, of which only the changed event is new, at the time of the fetch', () => {
    const page = {
      data: [anEvent({ id: 'e' }), anEvent()],
      meta: { total: 2, page: 1, limit: 12, totalPages: 1 },
    }
    queryClient.setQueryData(eventKeys.list({ page: 1 }), page, { updatedAt: 1 })
    applyChange({ eventId: 'e', version: 9, remainingTickets: 3 })
    const now = queryClient.getQueryState<typeof page>(eventKeys.list({ page: 1 }))!
    expect(now.data!.data[0]).toMatchObject({ remainingTickets: 3, version: 9 })
    expect(now.data!.data[1]).toBe(page.data[1])
    expect(now.dataUpdatedAt).toBe(1)
  })

  it('can follow a sold-out answer: a cancelled booking puts the ticket back', () => {
    const event = anEvent({ id: 'e', version: 5, remainingTickets: 1 })
    cache(event)
    markSoldOut(event)
    expect(cached('e')!.remainingTickets).toBe(0)
    expect(withNewestCounts(event).remainingTickets).toBe(0) // the read model lags behind
    applyChange({ eventId: 'e', version: 7, remainingTickets: 1 })
    expect(cached('e')!.remainingTickets).toBe(1)
  })
})

class FakeSocket extends EventTarget {
  static readonly OPEN = 1
  static all: FakeSocket[] = []
  static get last() {
    return FakeSocket.all.at(-1)!
  }
  readyState = 0
  readonly OPEN = 1
  sent: Record<string, unknown>[] = []
  constructor(readonly url: string) {
    super()
    FakeSocket.all.push(this)
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close() {
    this.readyState = 3
  }
  open() {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  hear(frame: object) {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }))
  }
  drop(code: number) {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
}

describe('the connection', () => {
  let token: string | undefined
  const renew = vi.fn<(stale: string | undefined) => Promise<string | undefined>>()
  const missed = vi.fn()
  let connection: LiveConnection
  const state = () => connectionState()
  const ready = async (position = 10) => {
    await vi.advanceTimersByTimeAsync(1)
    FakeSocket.last.open()
    FakeSocket.last.hear({ type: 'ready', position, heartbeatSeconds: 15 })
  }

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('WebSocket', FakeSocket)
    vi.spyOn(Math, 'random').mockReturnValue(1)
    FakeSocket.all = []
    token = 'token-1'
    renew.mockReset()
    missed.mockReset()
    connection = new LiveConnection({ url: 'ws://localhost/api/ws', token: () => token, renew, missed })
  })
  afterEach(() => {
    connection.stop()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  const begin = async () => {
    connection.start()
    const unwatch = connection.watch(['b', 'a'])
    await vi.advanceTimersByTimeAsync(1)
    await vi.dynamicImportSettled() // the library
    await vi.advanceTimersByTimeAsync(1)
    return unwatch
  }

  it('is open for the bookings where no component subscribes to events', async () => {
    connection.start()
    await vi.advanceTimersByTimeAsync(1)
    await vi.dynamicImportSettled() // the library
    await vi.advanceTimersByTimeAsync(1)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: 'hello', events: [], bookings: true, holds: true })
  })

  it('sends the token, the events and the position of the last read', async () => {
    cache(anEvent({ id: 'a', version: 1 }))
    connection.seen(41)
    connection.seen(50)
    await begin()
    FakeSocket.last.open()
    const hello = {
      type: 'hello',
      token: 'token-1',
      after: 41,
      events: ['a', 'b'],
      bookings: true,
      holds: true,
    }
    expect(FakeSocket.last.sent).toEqual([hello])
    FakeSocket.last.hear({ type: 'ready', position: 41, heartbeatSeconds: 15 })
    expect(state()).toBe('live')
    expect(missed).not.toHaveBeenCalled()
    FakeSocket.last.hear({
      type: 'event',
      eventId: 'a',
      remainingTickets: 1,
      totalTickets: 2,
      status: 'SCHEDULED',
      version: 2,
      position: 42,
    })
    expect(cached('a')).toMatchObject({ remainingTickets: 1, version: 2 })
  })

  it('refetches everything when missed changes are unknown', async () => {
    await begin()
    await ready()
    expect(missed).toHaveBeenCalledTimes(1)
    FakeSocket.last.hear({ type: 'reset', position: 99 })
    expect(missed).toHaveBeenCalledTimes(2)
  })

  it('starts anew after a restore, with lower positions and versions', async () => {
    await begin()
    await ready()
    cache(anEvent({ id: 'a', version: 1 }))
    const change = { type: 'event', eventId: 'a', totalTickets: 9, status: 'SCHEDULED' }
    FakeSocket.last.hear({ ...change, remainingTickets: 1, version: 9, position: 99 })
    expect(cached('a')).toMatchObject({ remainingTickets: 1, version: 9 })
    FakeSocket.last.hear({ type: 'reset', position: 3 })
    FakeSocket.last.hear({ ...change, remainingTickets: 7, version: 3, position: 4 })
    expect(cached('a')).toMatchObject({ remainingTickets: 7, version: 3 })
    expect(connection['position']).toBe(4)
  })

  it('hands over bookings, and reads must contain them until a reset', async () => {
    const heard = (connection.onBooking = vi.fn())
    await begin()
    await ready()
    const frame = { type: 'booking', bookingId: 'b', eventId: 'a', status: 'CANCELLED', logPosition: 12 }
    FakeSocket.last.hear({ ...frame, version: 3, position: 11 })
    expect(heard).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ bookingId: 'b' }))
    expect(connection.bookedAt).toBe(12)
    expect(connection['position']).toBe(11)
    FakeSocket.last.hear({ type: 'reset', position: 3 })
    expect(connection.bookedAt).toBeUndefined()
  })

  it('does without bookings at a server that does not know them', async () => {
    await begin()
    FakeSocket.last.open()
    FakeSocket.last.drop(4400)
    await vi.advanceTimersByTimeAsync(5_000)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent[0]).not.toHaveProperty('bookings')
  })

  it('writes a cancelled event into the bookings, whatever they show', () => {
    const event = anEvent({ version: 4 })
    const booking = aBooking(event)
    queryClient.setQueryData(['bookings', 'tickets'], [booking])
    queryClient.setQueryData(['bookings', 'pages'], { pages: [{ data: [booking] }], pageParams: [''] })
    applyChange({ eventId: event.id, version: 5, remainingTickets: 9, status: 'CANCELLED' })
    expect(queryClient.getQueryData(['bookings', 'tickets'])).toMatchObject([
      { event: { status: 'CANCELLED' } },
    ])
    expect(queryClient.getQueryData(['bookings', 'pages'])).toMatchObject({
      pages: [{ data: [{ event: { status: 'CANCELLED' } }] }],
    })
  })

  it('subscribes for all components in one message', async () => {
    await begin()
    await ready()
    const before = FakeSocket.last.sent.length
    const unwatch = connection.watch(['c'])
    connection.watch(['a'])
    await vi.advanceTimersByTimeAsync(1)
    unwatch()
    await vi.advanceTimersByTimeAsync(1)
    expect(FakeSocket.last.sent.slice(before)).toEqual([
      { type: 'subscribe', events: ['a', 'b', 'c'] },
      { type: 'subscribe', events: ['a', 'b'] },
    ])
  })

  it('receives no changes without subscribers, and resumes with the next one', async () => {
    const unwatch = await begin()
    await ready()
    const before = FakeSocket.last.sent.length
    unwatch()
    await vi.advanceTimersByTimeAsync(1)
    connection.watch(['c'])
    await vi.advanceTimersByTimeAsync(1)
    expect(FakeSocket.last.sent.slice(before)).toEqual([
      { type: 'subscribe', events: [] },
      { type: 'subscribe', events: ['c'] },
    ])
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('reconnects with backoff and resumes, while counts are polled', async () => {
    await begin()
    await ready(10)
    FakeSocket.last.hear({ type: 'heartbeat', position: 12 })
    FakeSocket.last.drop(1001)
    expect(state()).toBe('polling')
    for (const wait of [1_000, 2_000, 4_000, 8_000]) {
      const before = FakeSocket.all.length
      await vi.advanceTimersByTimeAsync(wait - 1)
      expect(FakeSocket.all).toHaveLength(before)
      await vi.advanceTimersByTimeAsync(1)
      expect(FakeSocket.all).toHaveLength(before + 1)
      FakeSocket.last.drop(1006)
    }
    await vi.advanceTimersByTimeAsync(16_000)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: 'hello', after: 12 })
    FakeSocket.last.hear({ type: 'ready', position: 12, heartbeatSeconds: 15 })
    expect(state()).toBe('live')
  })

  it('gives up a silent connection', async () => {
    await begin()
    await ready()
    await vi.advanceTimersByTimeAsync(37_400)
    expect(state()).toBe('live')
    await vi.advanceTimersByTimeAsync(1_100)
    expect(state()).toBe('polling')
    await vi.advanceTimersByTimeAsync(500)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('renews a refused token before it reconnects', async () => {
    await begin()
    await ready()
    renew.mockImplementation((stale) => {
      expect(stale).toBe('token-1')
      token = 'token-2'
      return Promise.resolve(token)
    })
    FakeSocket.last.drop(4401)
    await vi.advanceTimersByTimeAsync(1_000)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent[0]).toMatchObject({ token: 'token-2' })
  })

  it('is renewed, and counts are marked as old, a second after the device slept', async () => {
    await begin()
    await ready()
    const asOf = Date.now()
    vi.setSystemTime(Date.now() + 3_600_000) // timers stand still meanwhile
    await vi.advanceTimersByTimeAsync(1_000)
    expect(state()).toBe('polling')
    expect(silentSince()).toBeGreaterThan(asOf)
    expect(missed).toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('does not reconnect when the session has ended', async () => {
    await begin()
    await ready()
    renew.mockResolvedValue(undefined)
    FakeSocket.last.drop(4401)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('sends a new token without reconnecting', async () => {
    await begin()
    await ready()
    connection.renewed('token-2')
    connection.renewed('token-2')
    expect(FakeSocket.last.sent.filter((f) => f.type === 'renew')).toEqual([
      { type: 'renew', token: 'token-2' },
    ])
  })

  it('pauses when the server is overloaded', async () => {
    await begin()
    await ready()
    FakeSocket.last.drop(4429)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(FakeSocket.all).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('is closed with the page, which the browser may keep', async () => {
    await begin()
    await ready()
    dispatchEvent(new window.Event('pagehide'))
    expect(FakeSocket.last.readyState).toBe(3)
  })

  it('marks counts as offline, and reconnects at once with the network', async () => {
    await begin()
    await ready()
    dispatchEvent(new window.Event('offline'))
    expect(state()).toBe('offline')
    dispatchEvent(new window.Event('online'))
    await vi.advanceTimersByTimeAsync(2)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('ends with the page', async () => {
    await begin()
    await ready()
    dispatchEvent(new window.Event('pagehide'))
    expect(FakeSocket.last.readyState).toBe(3)
  })

  it('ends with the session', async () => {
    await begin()
    await ready()
    const socket = FakeSocket.last
    connection.stop()
    expect(socket.readyState).toBe(3)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })
})
