import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { anEvent } from '../../../test/server'
import { LiveConnection } from './connection'
import { applyChange, markSoldOut, useLive, withChange } from './store'

describe('changes', () => {
  it('never go backwards', () => {
    applyChange({ eventId: 'e', version: 7, remainingTickets: 3 })
    applyChange({ eventId: 'e', version: 6, remainingTickets: 4 })
    expect(useLive.getState().changes.e).toMatchObject({ version: 7, remainingTickets: 3 })
    const event = anEvent({ id: 'e', version: 8, remainingTickets: 2 })
    expect(withChange(event, useLive.getState().changes.e)).toBe(event) // fetched later, so newer
  })

  it('keep fields that a later change lacks', () => {
    applyChange({ eventId: 'e', version: 1, remainingTickets: 3, totalTickets: 9, status: 'CANCELLED' })
    applyChange({ eventId: 'e', version: 2, remainingTickets: 4 })
    expect(withChange(anEvent({ id: 'e' }), { ...useLive.getState().changes.e!, version: 9 })).toMatchObject({
      remainingTickets: 4,
      totalTickets: 9,
      status: 'CANCELLED',
    })
  })

  it('can follow a sold-out answer: a cancelled booking puts the ticket back', () => {
    const event = anEvent({ id: 'e', version: 5, remainingTickets: 1 })
    markSoldOut(event)
    expect(withChange(event, useLive.getState().changes.e).remainingTickets).toBe(0)
    applyChange({ eventId: 'e', version: 7, remainingTickets: 1 })
    expect(withChange(event, useLive.getState().changes.e).remainingTickets).toBe(1)
  })
})

class FakeSocket {
  static readonly OPEN = 1
  static all: FakeSocket[] = []
  static get last() {
    return FakeSocket.all.at(-1)!
  }
  readyState = 0
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onmessage: ((message: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor(readonly url: string) {
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
    this.onopen?.()
  }
  hear(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  drop(code: number) {
    this.readyState = 3
    this.onclose?.({ code })
  }
}

describe('the connection', () => {
  let token: string | undefined
  const renew = vi.fn<(stale: string | undefined) => Promise<string | undefined>>()
  const missed = vi.fn()
  let connection: LiveConnection
  const state = () => useLive.getState().connection
  const ready = (position = 10) => {
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
  const begin = () => {
    connection.start()
    const unwatch = connection.watch(['b', 'a'])
    vi.advanceTimersByTime(1)
    return unwatch
  }

  it('is opened only when a component subscribes', () => {
    connection.start()
    vi.advanceTimersByTime(60_000)
    expect(FakeSocket.all).toHaveLength(0)
  })

  it('sends the token, the events and the position of the last read', () => {
    connection.seen(41)
    connection.seen(50)
    begin()
    FakeSocket.last.open()
    expect(FakeSocket.last.sent).toEqual([{ type: 'hello', token: 'token-1', after: 41, events: ['a', 'b'] }])
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
    expect(useLive.getState().changes.a).toMatchObject({ remainingTickets: 1, version: 2 })
  })

  it('refetches everything when missed changes are unknown', () => {
    begin()
    ready()
    expect(missed).toHaveBeenCalledTimes(1)
    FakeSocket.last.hear({ type: 'reset', position: 99 })
    expect(missed).toHaveBeenCalledTimes(2)
  })

  it('starts anew after a restore, with lower positions and versions', () => {
    begin()
    ready()
    const change = { type: 'event', eventId: 'a', totalTickets: 9, status: 'SCHEDULED' }
    FakeSocket.last.hear({ ...change, remainingTickets: 1, version: 9, position: 99 })
    FakeSocket.last.hear({ type: 'reset', position: 3 })
    expect(useLive.getState().changes.a).toBeUndefined()
    FakeSocket.last.hear({ ...change, remainingTickets: 7, version: 3, position: 4 })
    expect(useLive.getState().changes.a).toMatchObject({ remainingTickets: 7, version: 3 })
    expect(connection['position']).toBe(4)
  })

  it('subscribes for all components in one message', () => {
    begin()
    ready()
    const before = FakeSocket.last.sent.length
    const unwatch = connection.watch(['c'])
    connection.watch(['a'])
    vi.advanceTimersByTime(1)
    unwatch()
    vi.advanceTimersByTime(1)
    expect(FakeSocket.last.sent.slice(before)).toEqual([
      { type: 'subscribe', events: ['a', 'b', 'c'] },
      { type: 'subscribe', events: ['a', 'b'] },
    ])
  })

  it('receives no changes without subscribers, and resumes with the next one', () => {
    const unwatch = begin()
    ready()
    const before = FakeSocket.last.sent.length
    unwatch()
    vi.advanceTimersByTime(1)
    connection.watch(['c'])
    vi.advanceTimersByTime(1)
    expect(FakeSocket.last.sent.slice(before)).toEqual([
      { type: 'subscribe', events: [] },
      { type: 'subscribe', events: ['c'] },
    ])
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('reconnects with backoff and resumes, while counts are polled', () => {
    begin()
    ready(10)
    FakeSocket.last.hear({ type: 'heartbeat', position: 12 })
    FakeSocket.last.drop(1001)
    expect(state()).toBe('polling')
    for (const wait of [500, 1_000, 2_000, 4_000]) {
      const before = FakeSocket.all.length
      vi.advanceTimersByTime(wait - 1)
      expect(FakeSocket.all).toHaveLength(before)
      vi.advanceTimersByTime(1)
      expect(FakeSocket.all).toHaveLength(before + 1)
      FakeSocket.last.drop(1006)
    }
    vi.advanceTimersByTime(8_000)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent[0]).toMatchObject({ type: 'hello', after: 12 })
    FakeSocket.last.hear({ type: 'ready', position: 12, heartbeatSeconds: 15 })
    expect(state()).toBe('live')
  })

  it('gives up a silent connection', () => {
    begin()
    ready()
    vi.advanceTimersByTime(37_400)
    expect(state()).toBe('live')
    vi.advanceTimersByTime(200)
    expect(state()).toBe('polling')
    vi.advanceTimersByTime(500)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('renews a refused token before it reconnects', async () => {
    begin()
    ready()
    renew.mockImplementation((stale) => {
      expect(stale).toBe('token-1')
      token = 'token-2'
      return Promise.resolve(token)
    })
    FakeSocket.last.drop(4401)
    await vi.advanceTimersByTimeAsync(500)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent[0]).toMatchObject({ token: 'token-2' })
  })

  it('does not reconnect when the session has ended', async () => {
    begin()
    ready()
    renew.mockResolvedValue(undefined)
    FakeSocket.last.drop(4401)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('sends a new token without reconnecting', () => {
    begin()
    ready()
    connection.renewed('token-2')
    connection.renewed('token-2')
    expect(FakeSocket.last.sent.filter((f) => f.type === 'renew')).toEqual([
      { type: 'renew', token: 'token-2' },
    ])
  })

  it('pauses when the server is overloaded', () => {
    begin()
    ready()
    FakeSocket.last.drop(4429)
    vi.advanceTimersByTime(10_000)
    expect(FakeSocket.all).toHaveLength(1)
    vi.advanceTimersByTime(500)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('marks counts as offline, and reconnects at once with the network', () => {
    begin()
    ready()
    dispatchEvent(new window.Event('offline'))
    expect(state()).toBe('offline')
    dispatchEvent(new window.Event('online'))
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('ends with the session', () => {
    begin()
    ready()
    const socket = FakeSocket.last
    connection.stop()
    expect(socket.readyState).toBe(3)
    vi.advanceTimersByTime(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })
})
