import type ReconnectingWebSocket from 'partysocket/ws'
import { applyChange, forgetVersions } from '@/lib/event-cache'
import { connectionSilent, setConnectionState } from './connection-store'
import type { BookingFrame, Frame, HoldFrame } from './frames'

interface Options {
  url: string
  token: () => string | undefined
  /** Renews an access token that the server refused; undefined when the session has ended. */
  renew: (stale: string | undefined) => Promise<string | undefined>
  /** The server can't tell which changes were missed: all visible data must be fetched again. */
  missed: () => void
}

const CLOSE_NOT_UNDERSTOOD = 4400
const CLOSE_TOKEN = 4401
const CLOSE_TOO_MUCH = 4429
const PAUSE = 10_000 // milliseconds, when the server is overloaded
const UNTIL_READY = 8_000
const CHECK_INTERVAL = 1_000

/**
 * Keeps a WebSocket to the server open while a user is signed in. It resumes after the last position
 * received, and records whether counts are pushed or must be polled. Reconnecting, with backoff, is
 * the library's.
 */
export class LiveConnection {
  private socket: ReconnectingWebSocket | undefined
  private readonly watched = new Map<string, number>()
  private position: number | undefined
  private expected = Infinity // the time of the next message at the latest
  private silenceAfter = UNTIL_READY
  private checks: ReturnType<typeof setInterval> | undefined
  private isSubscribing = false
  private isReady = false
  private sentToken: string | undefined
  private isRunning = false
  private closeCode: number | undefined
  private asksForOwn = true
  /** Called when an event that is watched changes. */
  onEvent: ((eventId: string) => void) | undefined
  /** Called with each booking of the user that is made or cancelled. */
  onBooking: ((change: BookingFrame) => void) | undefined
  /** Called when a hold, an offer or a place on a waiting list of the user changes. */
  onHold: ((change: HoldFrame) => void) | undefined
  /** A position of the log that holds the newest change of an event. */
  changedAt: number | undefined
  /** A position of the log that the user's bookings and holds must be read at. */
  bookedAt: number | undefined

  constructor(private readonly options: Options) {}

  /** Subscribes to these events until the returned function is called. */
  watch(ids: readonly string[]): () => void {
    for (const id of ids) this.watched.set(id, (this.watched.get(id) ?? 0) + 1)
    this.changed()
    return () => {
      for (const id of ids) {
        const left = (this.watched.get(id) ?? 1) - 1
        if (left > 0) this.watched.set(id, left)
        else this.watched.delete(id)
      }
      this.changed()
    }
  }

  /** A read has returned the state at this position; the first connection asks for later changes. */
  seen(position: number | undefined): void {
    this.position ??= position
  }

  /** What the user reads of what is theirs contains the log up to this position from now on. */
  readFrom(position = 0): void {
    if (position > (this.bookedAt ?? 0)) this.bookedAt = position
  }

  start(): void {
    if (this.isRunning) return
    this.isRunning = true
    addEventListener('online', this.reconnect)
    addEventListener('offline', this.offline)
    addEventListener('pagehide', this.drop) // browsers keep no page, or complain, while its connection is open
    document.addEventListener('visibilitychange', this.visible)
    this.checks = setInterval(this.check, CHECK_INTERVAL)
    this.changed()
  }

  stop(): void {
    this.isRunning = false
    removeEventListener('online', this.reconnect)
    removeEventListener('offline', this.offline)
    removeEventListener('pagehide', this.drop)
    document.removeEventListener('visibilitychange', this.visible)
    clearInterval(this.checks)
    this.drop()
    this.position = this.bookedAt = this.changedAt = undefined
    setConnectionState('connecting')
  }

  /**
   * The session has a new access token. With it, the server keeps the connection open after the old
   * one expires.
   */
  renewed(token: string): void {
    if (!this.isReady || token === this.sentToken) return
    this.sentToken = token
    this.send({ type: 'renew', token })
  }

  private readonly reconnect = (): void => {
    this.closeCode = undefined
    if (this.socket) this.socket.reconnect()
    else this.changed()
  }

  private readonly offline = (): void => {
    this.drop()
    setConnectionState('offline')
  }

  private readonly visible = (): void => {
    if (document.visibilityState !== 'visible') return
    if (this.isReady) this.check()
    else this.reconnect()
  }

  // One message for all components that mount and unmount together.
  private changed(): void {
    if (this.isSubscribing) return
    this.isSubscribing = true
    setTimeout(() => {
      this.isSubscribing = false
      if (!this.isRunning) return
      // An empty list means no events.
      if (this.isReady) this.send({ type: 'subscribe', events: this.ids() })
      else if (!this.socket) void this.connect()
    }, 0)
  }

  private ids(): string[] {
    return [...this.watched.keys()].sort()
  }

  private send(frame: object): void {
    this.socket?.send(JSON.stringify(frame))
  }

  private async connect(): Promise<void> {
    if (!this.options.token()) return
    if (navigator.onLine === false) return this.offline()
    // Not needed to show a page.
    const [{ default: ReconnectingWebSocket }, { readFrame }] = await Promise.all([
      import('partysocket/ws'),
      import('./frames'),
    ])
    if (!this.isRunning || this.socket) return
    const socket = new ReconnectingWebSocket(() => this.address(), undefined, {
      minReconnectionDelay: 500 + Math.random() * 500, // of all clients, not at the same time
      maxReconnectionDelay: 30_000,
      reconnectionDelayGrowFactor: 2,
      connectionTimeout: UNTIL_READY,
      maxEnqueuedMessages: 0, // the hello must be first
    })
    this.socket = socket
    socket.onopen = () => this.hello()
    socket.onmessage = ({ data }) => {
      const frame = readFrame(data)
      if (frame) this.receive(frame) // else of a newer server, or an error, which the close code that follows explains
    }
    socket.onclose = ({ code }) => this.closed(code)
  }

  /** The URL of the next attempt, as soon as the server may be asked again with a valid token. */
  private async address(): Promise<string> {
    const code = this.closeCode
    this.closeCode = undefined
    if (code === CLOSE_NOT_UNDERSTOOD) this.asksForOwn = false // an older server, during an update
    if (code === CLOSE_TOO_MUCH) await new Promise((resolve) => setTimeout(resolve, PAUSE))
    if (code === CLOSE_TOKEN) {
      const renewed = await this.options.renew(this.sentToken).catch(() => 'unknown')
      if (!renewed) this.drop() // the session has ended
    }
    return this.options.url
  }

  private hello(): void {
    const token = this.options.token()
    if (!token) return this.drop()
    this.sentToken = token
    this.expectMessage(UNTIL_READY)
    const own = this.asksForOwn || undefined
    this.send({ type: 'hello', token, after: this.position, events: this.ids(), bookings: own, holds: own })
  }

  private receive(frame: Frame): void {
    switch (frame.type) {
      case 'ready':
        this.isReady = true
        this.silenceAfter = frame.heartbeatSeconds * 2_500
        if (this.position === undefined) this.options.missed()
        // Components that mounted after the hello.
        this.send({ type: 'subscribe', events: this.ids() })
        setConnectionState('live')
        break
      case 'event':
        applyChange(frame)
        this.changedAt = frame.position
        this.onEvent?.(frame.eventId)
        break
      case 'booking':
        this.readFrom(frame.logPosition)
        this.onBooking?.(frame)
        break
      case 'hold':
      case 'waitlist':
        this.readFrom(frame.logPosition)
        this.onHold?.(frame)
        break
      case 'reset':
        // The server may have been restored: positions and versions can be lower than before.
        this.position = this.bookedAt = this.changedAt = undefined
        forgetVersions()
        this.options.missed()
        break
      case 'heartbeat':
        break
    }
    this.position = Math.max(this.position ?? 0, frame.position)
    this.expectMessage(this.silenceAfter)
  }

  private expectMessage(within: number): void {
    this.expected = Date.now() + within
  }

  // A connection without a message for longer than two heartbeats is dead, even if the operating
  // system still shows it as open. By the clock: timers stop while the device sleeps.
  private readonly check = (): void => {
    if (Date.now() < this.expected) return
    this.expected = Infinity
    connectionSilent()
    this.socket?.reconnect()
    this.options.missed()
  }

  private closed(code: number): void {
    this.expected = Infinity
    this.isReady = false
    this.closeCode = code
    setConnectionState(navigator.onLine === false ? 'offline' : 'polling')
  }

  private readonly drop = (): void => {
    this.expected = Infinity
    this.isReady = false
    const socket = this.socket
    this.socket = undefined
    if (!socket) return
    socket.onclose = socket.onmessage = socket.onopen = null
    socket.close()
  }
}
