import { ApiError } from '@/lib/api/error'
import { send, readBody, type Request } from '@/lib/api/send'
import type { Session } from '@/lib/api/types'
import { hasSessionHint, isLogoutDue, setHint, setLogoutDue } from './hint'
import { useSession } from './store'

// The refresh token is then sent as a cookie only, not in the body, where scripts could read it.
const COOKIE_MODE = { 'Refresh-Token-Mode': 'cookie' }
const REFRESH_LOCK = 'boxoffice.refresh'
const LOGOUT_LOCK = 'boxoffice.logout'
const LOGOUT_TIMEOUT = 10_000
const LOGOUT_RETRY = 15_000

type Message =
  | { type: 'started'; session: Session; renewed?: boolean }
  | { type: 'ended'; reason: 'expired' | 'signed-out' }

// Counts the starts, renewals and ends of this tab's session. The answer to a refresh that was sent
// before the last of them belongs to a session that no longer exists.
let generation = 0
let refreshRequest: AbortController | undefined

// Other tabs are notified of every session that starts, is renewed or ends.
const channel =
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('boxoffice.session')
if (channel) {
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type === 'ended') clearSession(data.reason)
    // The other tab may have received its answer just before it was notified of a sign-out in this
    // one.
    else if (!data.renewed || useSession.getState().status !== 'anonymous') storeSession(data.session)
  }
}

function storeSession({ user, accessToken }: Session): void {
  generation++
  setHint(true)
  useSession.setState({
    status: 'signed-in',
    user,
    accessToken,
    unreachable: false,
    ended: undefined,
    logout: undefined,
  })
}

function clearSession(reason: 'expired' | 'signed-out' | undefined, logout?: 'sending'): void {
  generation++
  refreshRequest?.abort() // its answer would set a new cookie
  setHint(false)
  useSession.setState({
    status: 'anonymous',
    user: undefined,
    accessToken: undefined,
    unreachable: false,
    ended: reason,
    logout,
  })
}

/** Starts a session in all tabs. */
export function startSession(session: Session): void {
  setLogoutDue(false) // the cookie to be revoked has been replaced
  storeSession(session)
  channel?.postMessage({ type: 'started', session } satisfies Message)
}

/** Ends the session in all tabs. */
export function endSession(reason: 'expired' | 'signed-out'): void {
  if (useSession.getState().status === 'anonymous') return
  clearSession(reason)
  channel?.postMessage({ type: 'ended', reason } satisfies Message)
}

export async function signIn(credentials: { email: string; password: string }): Promise<void> {
  await finishLogout() // done later, it would end the session that starts now
  startSession(await requestSession('/auth/login', { body: credentials }))
}

export async function register(
  person: { name: string; email: string; password: string },
  idempotencyKey: string,
): Promise<void> {
  await finishLogout()
  startSession(await requestSession('/auth/register', { body: person, idempotencyKey }))
}

async function requestSession(path: string, request: Request): Promise<Session> {
  const response = await send(path, { ...request, method: 'POST', headers: COOKIE_MODE })
  if (!response.ok) throw await ApiError.of(response)
  return (await readBody(response.json())) as Session
}

/**
 * Signs out here and in all other tabs, at once, and makes the server revoke the refresh token.
 * While the server can't be reached, the cookie stays in this browser, because no script can remove
 * it. The pending logout is remembered, and until it is done no page restores a session.
 */
export async function signOut(): Promise<void> {
  const { accessToken } = useSession.getState()
  setLogoutDue(true)
  clearSession('signed-out', 'sending')
  channel?.postMessage({ type: 'ended', reason: 'signed-out' } satisfies Message)
  await finishLogout(accessToken)
}

let finishing: Promise<void> | undefined

/** Sends a pending logout to the server, if there is one. A failure is retried later. */
export async function finishLogout(accessToken?: string): Promise<void> {
  if (isLogoutDue())
    finishing ??= withLock(LOGOUT_LOCK, () => logout(accessToken)).finally(() => {
      finishing = undefined
    })
  await finishing
  useSession.setState({ logout: isLogoutDue() ? 'failed' : undefined })
}

async function logout(accessToken: string | undefined): Promise<void> {
  if (!isLogoutDue()) return // another tab has done it meanwhile
  const request = { method: 'POST', headers: COOKIE_MODE, timeout: LOGOUT_TIMEOUT, keepalive: true } as const
  const response = await send('/auth/logout', request, accessToken).catch(() => undefined)
  if (response?.ok) setLogoutDue(false)
  else logoutLater()
}

let retry: ReturnType<typeof setTimeout> | undefined

function logoutLater(): void {
  clearTimeout(retry)
  retry = setTimeout(() => void finishLogout(), LOGOUT_RETRY)
  addEventListener('online', () => void finishLogout(), { once: true })
}

/** Determines, once at the start, whether there is a session. */
export async function restoreSession(): Promise<void> {
  if (useSession.getState().status !== 'unknown') return
  if (isLogoutDue()) {
    clearSession('signed-out', 'sending')
    return finishLogout()
  }
  if (!hasSessionHint()) return clearSession(undefined)
  await refreshSession(undefined).catch(() => undefined)
}

let refreshing: Promise<string | undefined> | undefined

/**
 * Renews the access token; `stale` is the one that was refused. Concurrent calls share one attempt,
 * and of several tabs one asks while the others wait for its answer. Returns the new token, or
 * undefined when the session has ended. Throws when the server can't be reached, which does not end
 * the session. When the session starts or ends meanwhile, that counts and not the answer.
 */
export function refreshSession(stale: string | undefined): Promise<string | undefined> {
  refreshing ??= withLock(REFRESH_LOCK, () => refresh(stale)).finally(() => {
    refreshing = undefined
  })
  return refreshing
}

async function refresh(stale: string | undefined): Promise<string | undefined> {
  const newer = (): string | undefined => {
    const { accessToken } = useSession.getState()
    return accessToken !== stale ? accessToken : undefined
  }
  await nextTask() // what another tab announced before it released the lock arrives first
  if (isLogoutDue()) endSession('signed-out') // in another tab, whose message has not arrived yet
  const announced = newer()
  if (announced) return announced
  if (useSession.getState().status === 'anonymous') return undefined // ended meanwhile

  const asked = generation
  const isOutdated = () => {
    if (isLogoutDue()) endSession('signed-out')
    return generation !== asked
  }
  let session: Session
  try {
    refreshRequest = new AbortController()
    session = await requestSession('/auth/refresh', { signal: refreshRequest.signal })
  } catch (error) {
    if (isOutdated()) return newer()
    if (error instanceof ApiError && error.status === 401) {
      endSession('expired')
      return undefined
    }
    useSession.setState({ unreachable: useSession.getState().status === 'unknown' })
    throw error
  }
  if (isOutdated()) return newer()
  storeSession(session)
  channel?.postMessage({ type: 'started', session, renewed: true } satisfies Message)
  return session.accessToken
}

/**
 * Runs in one tab at a time. Locks exist only in secure contexts; elsewhere tabs may run at the
 * same time, which the server tolerates.
 */
function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request(lock, work) as Promise<T>) : work()
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
