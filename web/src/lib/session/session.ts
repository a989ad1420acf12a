import { ApiError } from '@/lib/api/error'
import { read } from '@/lib/api/read'
import { Session as sessionSchema } from '@/lib/api/schemas-session'
import { guestApi, send } from '@/lib/api/send'
import type { Session } from '@/lib/api/types'
import { proofHeader, withProof } from '@/lib/proof-of-work/proof'
import { hasSessionHint, isLogoutDue, setHint, setLogoutDue } from './hint'
import {
  currentSession,
  logoutChanged,
  serverUnreachable,
  sessionEnded,
  sessionStarted,
  type Ended,
} from './store'

// The refresh token is then sent as a cookie only, not in the body, where scripts could read it.
const COOKIE_MODE = { header: { 'Refresh-Token-Mode': 'cookie' } } as const
const REFRESH_LOCK = 'boxoffice.refresh'
const LOGOUT_LOCK = 'boxoffice.logout'
// Milliseconds. A frozen tab must not keep the others from renewing.
const LOCK_TIMEOUT = 5_000
const REFRESH_TIMEOUT = 10_000
const RENEW_BEFORE = 60_000 // the end of the access token, so that the live connection stays
const LOGOUT_TIMEOUT = 10_000
const LOGOUT_RETRY = 15_000

type Message =
  | { type: 'started'; session: Session; renewed?: boolean }
  | { type: 'ended'; reason: Exclude<Ended, 'elsewhere'> }

// Counts the starts, renewals and ends of this tab's session. The answer to a refresh that was sent
// before the last of them belongs to a session that no longer exists.
let generation = 0
let refreshRequest: AbortController | undefined

// Other tabs are notified of every session that starts, is renewed or ends.
const channel =
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('boxoffice.session')
if (channel) {
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type === 'ended') clearSession(data.reason === 'signed-out' ? 'elsewhere' : data.reason)
    // The other tab may have received its answer just before it was notified of a sign-out in this
    // one.
    else if (!data.renewed || currentSession().status !== 'anonymous') storeSession(data.session)
  }
}

let renewal: ReturnType<typeof setTimeout> | undefined

function storeSession(session: Session): void {
  generation++
  clearTimeout(renewal)
  const lifetime = lifetimeOf(session.accessToken)
  const renew = () => void refreshSession(session.accessToken).catch(() => undefined)
  if (lifetime) renewal = setTimeout(renew, Math.max(lifetime - RENEW_BEFORE, lifetime / 2))
  setHint(true)
  sessionStarted(session)
}

/** The milliseconds from the issue of a token to its end, both by the server's clock. */
function lifetimeOf(token: string): number | undefined {
  try {
    const claims = atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))
    const { iat, exp } = JSON.parse(claims) as { iat: number; exp: number }
    return (exp - iat) * 1_000
  } catch {
    return undefined // it is renewed when it is refused
  }
}

function clearSession(reason: Ended | undefined, logout?: 'sending'): void {
  generation++
  clearTimeout(renewal)
  refreshRequest?.abort() // its answer would set a new cookie
  setHint(false)
  sessionEnded(reason, logout)
}

/** Starts a session in all tabs. */
export function startSession(session: Session): void {
  setLogoutDue(false) // the cookie to be revoked has been replaced
  storeSession(session)
  channel?.postMessage({ type: 'started', session } satisfies Message)
}

/** Replaces the session in all tabs: it was renewed, or its password was changed. */
export function replaceSession(session: Session): void {
  storeSession(session)
  channel?.postMessage({ type: 'started', session, renewed: true } satisfies Message)
}

/** Ends the session in all tabs. */
export function endSession(reason: 'expired' | 'signed-out' | 'deleted'): void {
  // A deleted account's tokens may have been refused before its deletion was answered.
  if (currentSession().status === 'anonymous' && reason !== 'deleted') return
  clearSession(reason)
  channel?.postMessage({ type: 'ended', reason } satisfies Message)
}

export async function signIn(credentials: { email: string; password: string }): Promise<void> {
  await finishLogout() // done later, it would end the session that starts now
  const request = guestApi.POST('/auth/login', { params: COOKIE_MODE, body: credentials })
  startSession((await read(sessionSchema, request)).data)
}

export async function register(
  person: { name: string; email: string; password: string },
  idempotencyKey: string,
): Promise<void> {
  await finishLogout()
  const { data } = await withProof((proof) => {
    const header = { ...COOKIE_MODE.header, 'Idempotency-Key': idempotencyKey, ...proofHeader(proof) }
    return read(sessionSchema, guestApi.POST('/auth/register', { params: { header }, body: person }))
  })
  startSession(data)
}

/**
 * Signs out here and in all other tabs, at once, and makes the server revoke the refresh token.
 * While the server can't be reached, the cookie stays in this browser, because no script can remove
 * it. The pending logout is remembered, and until it is done no page restores a session.
 */
export async function signOut(): Promise<void> {
  const { accessToken } = currentSession()
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
  logoutChanged(isLogoutDue() ? 'failed' : undefined)
}

async function logout(accessToken: string | undefined): Promise<void> {
  if (!isLogoutDue()) return // another tab has done it meanwhile
  const request = guestApi.POST('/auth/logout', {
    body: {},
    headers: accessToken ? { Authorization: `Bearer ${accessToken}` } : {},
    keepalive: true, // the request outlives the page
    fetch: (request) => send(request, LOGOUT_TIMEOUT),
  })
  const { response } = await request.catch(() => ({ response: undefined }))
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
  if (currentSession().status !== 'unknown') return
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
    const { accessToken } = currentSession()
    return accessToken !== stale ? accessToken : undefined
  }
  await nextTask() // what another tab announced before it released the lock arrives first
  if (isLogoutDue()) endSession('signed-out') // in another tab, whose message has not arrived yet
  const announced = newer()
  if (announced) return announced
  if (currentSession().status === 'anonymous') return undefined // ended meanwhile

  const asked = generation
  const isOutdated = () => {
    if (isLogoutDue()) endSession('signed-out')
    return generation !== asked
  }
  let session: Session
  try {
    refreshRequest = new AbortController()
    const request = guestApi.POST('/auth/refresh', {
      params: COOKIE_MODE,
      body: {},
      signal: refreshRequest.signal,
      fetch: (request) => send(request, REFRESH_TIMEOUT),
    })
    session = (await read(sessionSchema, request)).data
  } catch (error) {
    if (isOutdated()) return newer()
    if (error instanceof ApiError && error.status === 401) {
      endSession('expired')
      return undefined
    }
    serverUnreachable()
    throw error
  }
  if (isOutdated()) return newer()
  replaceSession(session)
  return session.accessToken
}

/**
 * Runs in one tab at a time. A tab that holds the lock for longer than LOCK_TIMEOUT, because the
 * browser has frozen it, loses it. Locks exist only in secure contexts; elsewhere tabs may run at the
 * same time, which the server tolerates.
 */
async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work()
  let result: Promise<T> | undefined
  const run = () => (result = work())
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(), LOCK_TIMEOUT)
  const begin = () => {
    clearTimeout(timer)
    return run()
  }
  try {
    return (await navigator.locks.request(name, { signal: waiting.signal }, begin)) as T
  } catch (error) {
    if (result) return result // another tab has taken the lock; the work goes on
    if (!waiting.signal.aborted) throw error
    return (await navigator.locks
      .request(name, { steal: true }, run)
      .catch((error: unknown) => result ?? Promise.reject(error))) as T
  }
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
