import { applyChange, forgetChanges, useLive, type Change } from './store'

/** Messages from the server. */
type Frame =
  | { type: 'ready'; position: number; heartbeatSeconds: number }
  | ({ type: 'event'; position: number } & Required<Change>)
  | { type: 'heartbeat'; position: number }
  | { type: 'reset'; position: number }
  | { type: 'error'; code: string; detail: string }

interface Options {
  url: string
  token: () => string | undefined
  /** Renews an access token that the server refused; undefined when the session has ended. */
  renew: (stale: string | undefined) => Promise<string | undefined>
  /** The server can't tell which changes were missed: all visible data must be fetched again. */
  missed: () => void
}

const CLOSE_TOKEN = 4401
const CLOSE_TOO_MUCH = 4429
const FIRST_WAIT = 500
const LONGEST_WAIT = 30_000
const PAUSE = 10_000
const UNTIL_READY = 8_000

/**
 * Keeps a WebSocket to the server open while events are shown. It reconnects with exponential
 * backoff and jitter, resumes after the last position received, and records in the live store
 * whether counts are pushed or must be polled.
 */
export class LiveConnection {
  private socket: WebSocket | undefined
  private readonly watched = new Map<string, number>()
  private position: number | undefined
  private attempts = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined
  private subscribing = false
  private sentToken: string | undefined
  private running = false

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

  /**
   * A read has returned the state at this position; the first connection asks for later changes.
   */
  seen(position: number | undefined): void {
    if (this.position === undefined && position !== undefined) this.position = position
  }

  start(): void {
    if (this.running) return
    this.running = true
    addEventListener('online', this.now)
    addEventListener('offline', this.offline)
    document.addEventListener('visibilitychange', this.visible)
    this.changed()
  }

  stop(): void {
    this.running = false
    removeEventListener('online', this.now)
    removeEventListener('offline', this.offline)
    document.removeEventListener('visibilitychange', this.visible)
    clearTimeout(this.timer)
    this.drop()
    this.position = undefined
    this.attempts = 0
    useLive.setState({ connection: 'connecting' })
  }

  /**
   * The session has a new access token. With it, the server keeps the connection open after the old
   * one expires.
   */
  renewed(token: string): void {
    if (this.socket?.readyState === WebSocket.OPEN && token !== this.sentToken) {
      this.sentToken = token
      this.send({ type: 'renew', token })
    }
  }

  private readonly now = (): void => {
    this.attempts = 0
    clearTimeout(this.timer)
    if (this.running && this.watched.size > 0 && !this.socket) this.connect()
  }

  private readonly offline = (): void => {
    this.drop()
    useLive.setState({ connection: 'offline' })
  }

  private readonly visible = (): void => {
    if (document.visibilityState === 'visible') this.now()
  }

  // One message for all components that mount and unmount together.
  private changed(): void {
    if (this.subscribing) return
    this.subscribing = true
    setTimeout(() => {
      this.subscribing = false
      if (!this.running) return
      // With no subscriber, the connection stays open for the next page but receives no changes: an
      // empty list means no events.
      if (this.socket?.readyState === WebSocket.OPEN) this.send({ type: 'subscribe', events: this.ids() })
      else if (!this.socket && this.attempts === 0 && this.watched.size > 0) this.connect()
    }, 0)
  }

  private ids(): string[] {
    return [...this.watched.keys()].sort()
  }

  private send(frame: object): void {
    this.socket?.send(JSON.stringify(frame))
  }

  private connect(): void {
    const token = this.options.token()
    if (!token || this.socket) return
    if (navigator.onLine === false) return this.offline()
    const socket = new WebSocket(this.options.url)
    this.socket = socket
    this.sentToken = token
    this.expectMessage(UNTIL_READY)
    socket.onopen = () =>
      this.send({
        type: 'hello',
        token,
        ...(this.position !== undefined && { after: this.position }),
        events: this.ids(),
      })
    socket.onmessage = ({ data }: MessageEvent<string>) => this.receive(JSON.parse(data) as Frame)
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return
      this.drop()
      void this.reconnect(code)
    }
  }

  private receive(frame: Frame): void {
    switch (frame.type) {
      case 'ready':
        this.attempts = 0
        this.silenceAfter = frame.heartbeatSeconds * 2_500
        if (this.position === undefined) this.options.missed()
        // Components that mounted after the hello.
        this.send({ type: 'subscribe', events: this.ids() })
        useLive.setState({ connection: 'live' })
        break
      case 'event':
        applyChange(frame)
        break
      case 'reset':
        // The server may have been restored: positions and versions can be lower than before.
        this.position = undefined
        forgetChanges()
        this.options.missed()
        break
      case 'heartbeat':
      case 'error': // the close code that follows decides what to do
        break
    }
    if ('position' in frame) this.position = Math.max(this.position ?? 0, frame.position)
    this.expectMessage(this.silenceAfter)
  }

  private silenceAfter = UNTIL_READY

  // A connection without a message for longer than two heartbeats is dead, even if the operating
  // system still shows it as open.
  private expectMessage(within: number): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => {
      this.drop()
      void this.reconnect(0)
    }, within)
  }

  private drop(): void {
    clearTimeout(this.silence)
    const socket = this.socket
    this.socket = undefined
    if (socket) {
      socket.onclose = socket.onmessage = socket.onopen = null
      socket.close()
    }
  }

  private async reconnect(code: number): Promise<void> {
    if (!this.running) return
    useLive.setState({ connection: navigator.onLine === false ? 'offline' : 'polling' })
    let wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.attempts++) * (0.5 + Math.random() / 2)
    if (code === CLOSE_TOO_MUCH) wait += PAUSE
    if (code === CLOSE_TOKEN) {
      const renewed = await this.options.renew(this.sentToken).catch(() => 'unknown')
      if (!renewed || !this.running) return // the session has ended
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      if (this.running && this.watched.size > 0) this.connect()
      else this.attempts = 0
    }, wait)
  }
}
