import { ApiError } from '@/lib/api/error'
import { send, whole } from '@/lib/api/send'
import type { Session } from '@/lib/api/types'
import { hintOfSession, setHint } from './hint'
import { useSession } from './store'

// The refresh token then comes as a cookie only, and not in the body, where scripts could read it.
const COOKIE_MODE = { 'Refresh-Token-Mode': 'cookie' }
const LOCK = 'boxoffice.refresh'

type Message = { type: 'started'; session: Session } | { type: 'ended'; reason: 'expired' | 'signed-out' }

// Other tabs hear of every session that starts, is renewed or ends.
const channel =
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('boxoffice.session')
if (channel) {
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type === 'started') adopt(data.session)
    else forget(data.reason)
  }
}

function adopt({ user, accessToken }: Session): void {
  setHint(true)
  useSession.setState({ status: 'signed-in', user, accessToken, unreachable: false, ended: undefined })
}

function forget(reason: 'expired' | 'signed-out' | undefined): void {
  setHint(false)
  useSession.setState({
    status: 'anonymous',
    user: undefined,
    accessToken: undefined,
    unreachable: false,
    ended: reason,
  })
}

/** Starts a session in all tabs. */
export function startSession(session: Session): void {
  adopt(session)
  channel?.postMessage({ type: 'started', session } satisfies Message)
}

/** Ends the session in all tabs. */
export function endSession(reason: 'expired' | 'signed-out'): void {
  if (useSession.getState().status === 'anonymous') return
  forget(reason)
  channel?.postMessage({ type: 'ended', reason } satisfies Message)
}

export async function signIn(credentials: { email: string; password: string }): Promise<void> {
  startSession(await open('/auth/login', credentials))
}

export async function register(
  person: { name: string; email: string; password: string },
  idempotencyKey: string,
): Promise<void> {
  startSession(await open('/auth/register', person, idempotencyKey))
}

async function open(path: string, body?: unknown, idempotencyKey?: string): Promise<Session> {
  const response = await send(path, { method: 'POST', body, headers: COOKIE_MODE, idempotencyKey })
  if (!response.ok) throw await ApiError.of(response)
  return (await whole(response.json())) as Session
}

/** Signs out here and in all other tabs, at once; the server is told, and is asked to revoke the refresh token. */
export async function signOut(): Promise<void> {
  const { accessToken } = useSession.getState()
  endSession('signed-out')
  await send('/auth/logout', { method: 'POST', headers: COOKIE_MODE }, accessToken).catch(() => undefined)
}

/** Finds out, once at the start, whether there is a session. */
export async function restoreSession(): Promise<void> {
  if (useSession.getState().status !== 'unknown') return
  if (!hintOfSession()) return forget(undefined)
  await refreshSession(undefined).catch(() => undefined)
}

let refreshing: Promise<string | undefined> | undefined

/**
 * Renews the access token; `stale` is the one that was refused. Whoever asks meanwhile shares the same attempt, and of several
 * tabs one asks while the others wait for its answer. Gives the new token, or undefined when the session is over. Throws when
 * the server could not be asked, which ends nothing.
 */
export function refreshSession(stale: string | undefined): Promise<string | undefined> {
  refreshing ??= alone(() => refresh(stale)).finally(() => {
    refreshing = undefined
  })
  return refreshing
}

async function refresh(stale: string | undefined): Promise<string | undefined> {
  const newer = (): string | undefined => {
    const { accessToken } = useSession.getState()
    return accessToken !== stale ? accessToken : undefined
  }
  await nextTask() // what another tab announced before it let go of the lock arrives first
  const announced = newer()
  if (announced) return announced
  if (stale !== undefined && useSession.getState().status === 'anonymous') return undefined // ended meanwhile

  let session: Session
  try {
    session = await open('/auth/refresh')
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      endSession('expired')
      return undefined
    }
    useSession.setState({ unreachable: useSession.getState().status === 'unknown' })
    throw error
  }
  startSession(session)
  return session.accessToken
}

function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request(LOCK, work) as Promise<T>) : work()
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
