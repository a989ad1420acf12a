import { delay, http, HttpResponse } from 'msw'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { api, read } from '@/lib/api/client'
import { Event as eventSchema } from '@/lib/api/schemas'
import { User } from '@/lib/api/schemas-session'
import { ApiError } from '@/lib/api/error'
import { aSession, problem, server } from '../../../test/server'
import { endSession, refreshSession, restoreSession, signIn, signOut, startSession } from './session'
import { currentSession, forgetSession } from './store'

const me = () => read(User, api.GET('/auth/me'))
const other = () => new BroadcastChannel('boxoffice.session')

/** Counts refreshes and returns a new token for each. */
function refreshes(answer?: () => Response) {
  const seen: Headers[] = []
  server.use(
    http.post('*/api/auth/refresh', ({ request }) => {
      seen.push(request.headers)
      return answer?.() ?? HttpResponse.json(aSession(`renewed-${seen.length}`))
    }),
  )
  return seen
}

/** Another tab holds the lock until it is released. */
function heldLock() {
  let release = () => {}
  let wait = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const waiting = new Promise<void>((resolve) => (wait = resolve))
  const request = async (_: string, __: object, work: () => Promise<unknown>) => {
    wait()
    await released
    return work()
  }
  vi.stubGlobal('navigator', Object.create(navigator, { locks: { value: { request } } }))
  onTestFinished(() => void vi.unstubAllGlobals())
  return { waiting, release: () => release() }
}

describe('a session', () => {
  it('keeps the access token in memory only', async () => {
    server.use(
      http.post('*/api/auth/login', ({ request }) => {
        expect(request.headers.get('Refresh-Token-Mode')).toBe('cookie')
        return HttpResponse.json(aSession('secret-token'))
      }),
    )
    await signIn({ email: 'alice@example.com', password: 'password123' })
    expect(currentSession()).toMatchObject({ status: 'signed-in', accessToken: 'secret-token' })
    expect(JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie).not.toContain(
      'secret-token',
    )
  })

  it('is restored by the refresh cookie when there was one', async () => {
    localStorage.setItem('boxoffice.session', '1')
    const seen = refreshes()
    await restoreSession()
    expect(currentSession()).toMatchObject({ status: 'signed-in', accessToken: 'renewed-1' })
    expect(seen[0]?.get('Refresh-Token-Mode')).toBe('cookie')
  })

  it('is not requested when there was none', async () => {
    const seen = refreshes()
    await restoreSession()
    expect(currentSession().status).toBe('anonymous')
    expect(seen).toHaveLength(0)
  })

  it('stays unknown while the server can’t be reached', async () => {
    localStorage.setItem('boxoffice.session', '1')
    refreshes(() => HttpResponse.error())
    await restoreSession()
    expect(currentSession()).toMatchObject({ status: 'unknown', unreachable: true })
    refreshes()
    await refreshSession(undefined)
    expect(currentSession()).toMatchObject({ status: 'signed-in', unreachable: false })
  })

  it('stays unknown when the answer breaks off, and reports it', async () => {
    localStorage.setItem('boxoffice.session', '1')
    refreshes(() => new HttpResponse('{"accessToken":'))
    await restoreSession()
    expect(currentSession()).toMatchObject({ status: 'unknown', unreachable: true })
    await expect(refreshSession(undefined)).rejects.toMatchObject({ code: 'unreadable' })
  })

  it('is renewed once for all requests that need it, without locks too, which only secure contexts have', async () => {
    vi.stubGlobal('navigator', Object.create(navigator, { locks: { value: undefined } }))
    startSession(aSession('old'))
    let refused = 0
    let renewals = 0
    server.use(
      http.get('*/api/auth/me', ({ request }) => {
        if (request.headers.get('Authorization') === 'Bearer renewed')
          return HttpResponse.json(aSession().user)
        refused++
        return problem(401, 'token_expired')
      }),
      http.post('*/api/auth/refresh', async () => {
        renewals++
        // All of them need the token while it is being renewed.
        await vi.waitFor(() => expect(refused).toBe(3))
        await delay(50) // like a real server
        return HttpResponse.json(aSession('renewed'))
      }),
    )
    await Promise.all([me(), me(), me()])
    await me()
    expect(renewals).toBe(1)
    vi.unstubAllGlobals()
  })

  it('that another tab has renewed meanwhile is not renewed again', async () => {
    startSession(aSession('old'))
    const seen = refreshes()
    const { release } = heldLock() // the other tab announces its answer and releases the lock
    const renewed = refreshSession('old')
    const tab = other()
    tab.postMessage({ type: 'started', session: aSession('from another tab') })
    await vi.waitFor(() => expect(currentSession().accessToken).toBe('from another tab'))
    release()
    expect(await renewed).toBe('from another tab')
    expect(seen).toHaveLength(0)
    tab.close()
  })

  it('ends when the refresh is refused, and the request fails with that error', async () => {
    startSession(aSession())
    refreshes(() => problem(401, 'invalid_token'))
    server.use(http.get('*/api/auth/me', () => problem(401, 'token_expired')))
    await expect(me()).rejects.toMatchObject({ code: 'token_expired' })
    expect(currentSession()).toMatchObject({ status: 'anonymous', ended: 'expired' })
  })

  it('outlives a refresh that could not be made', async () => {
    startSession(aSession())
    refreshes(() => problem(503, 'unavailable', { 'Retry-After': '2' }))
    server.use(http.get('*/api/auth/me', () => problem(401, 'token_expired')))
    await expect(me()).rejects.toMatchObject({ code: 'unavailable', retryAfter: 2 })
    expect(currentSession().status).toBe('signed-in')
  })

  it('that ends in one tab ends in all', async () => {
    startSession(aSession())
    const tab = other()
    const heard = vi.fn()
    tab.onmessage = ({ data }) => heard(data)
    server.use(http.post('*/api/auth/logout', () => new HttpResponse(null, { status: 204 })))
    await signOut()
    expect(currentSession()).toMatchObject({ status: 'anonymous', ended: 'signed-out' })
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith({ type: 'ended', reason: 'signed-out' }))
    startSession(aSession())
    tab.postMessage({ type: 'ended', reason: 'signed-out' })
    await vi.waitFor(() => expect(currentSession()).toMatchObject({ ended: 'elsewhere' }))
    tab.close()
  })

  it('is renewed a minute before its token expires', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const claims = btoa(JSON.stringify({ iat: 1_000, exp: 1_000 + 900 }))
    const renewed = vi.fn(() => HttpResponse.json(aSession('new')))
    server.use(http.post('*/api/auth/refresh', renewed))
    startSession(aSession(`e30.${claims}.s`))
    await vi.advanceTimersByTimeAsync(839_000)
    expect(renewed).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2_000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(currentSession().accessToken).toBe('new'))
  })

  it('ends at once, even when the server can’t be reached', async () => {
    startSession(aSession())
    server.use(http.post('*/api/auth/logout', () => HttpResponse.error()))
    const done = signOut()
    expect(currentSession().status).toBe('anonymous')
    await done
  })

  it('ends for good: a refresh under way does not bring it back', async () => {
    startSession(aSession('old'))
    const renewed = refreshSession('old')
    endSession('signed-out')
    refreshes()
    expect(await renewed).toBeUndefined()
    expect(currentSession().status).toBe('anonymous')
  })
})

describe('signing out', () => {
  /** Holds back the answers of a path until the returned function is called. */
  function hold(path: string, answer: () => Response) {
    const requests: Request[] = []
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    server.use(
      http.post(`*/api${path}`, async ({ request }) => {
        requests.push(request)
        await released
        return answer()
      }),
    )
    return { requests, release }
  }
  function logouts(answer: () => Response = () => new HttpResponse(null, { status: 204 })) {
    const seen: Request[] = []
    server.use(
      http.post('*/api/auth/logout', ({ request }) => {
        seen.push(request)
        return answer()
      }),
    )
    return seen
  }
  const isDue = () => localStorage.getItem('boxoffice.logout') !== null
  const anonymous = { status: 'anonymous' }

  it('is not undone by the answer of a refresh that began before', async () => {
    startSession(aSession('old'))
    logouts()
    const { requests, release } = hold('/auth/refresh', () => HttpResponse.json(aSession('late')))
    const renewed = refreshSession('old')
    await vi.waitFor(() => expect(requests).toHaveLength(1))
    await signOut()
    release()
    expect(await renewed).toBeUndefined()
    expect(currentSession()).toEqual({ status: 'anonymous', unreachable: false, ended: 'signed-out' })
    expect(localStorage).toHaveLength(0)
  })

  it('in another tab is not undone by the answer of a refresh in this one', async () => {
    startSession(aSession('old'))
    const tab = other()
    const { requests, release } = hold('/auth/refresh', () => HttpResponse.json(aSession('late')))
    const renewed = refreshSession('old')
    await vi.waitFor(() => expect(requests).toHaveLength(1))
    tab.postMessage({ type: 'ended', reason: 'signed-out' })
    await vi.waitFor(() => expect(currentSession().status).toBe('anonymous'))
    release()
    expect(await renewed).toBeUndefined()
    expect(currentSession()).toMatchObject(anonymous)
    tab.close()
  })

  it('in another tab counts before its message arrives', async () => {
    startSession(aSession('old'))
    const { requests, release } = hold('/auth/refresh', () => HttpResponse.json(aSession('late')))
    const renewed = refreshSession('old')
    await vi.waitFor(() => expect(requests).toHaveLength(1))
    localStorage.setItem('boxoffice.logout', '1')
    release()
    expect(await renewed).toBeUndefined()
    expect(currentSession()).toMatchObject(anonymous)
    startSession(aSession('old'))
    localStorage.setItem('boxoffice.logout', '1')
    expect(await refreshSession('old')).toBeUndefined()
    expect(requests).toHaveLength(1)
    expect(currentSession()).toMatchObject(anonymous)
  })

  it('is not undone by a message of a tab that has not been notified yet', async () => {
    startSession(aSession('old'))
    logouts()
    await signOut()
    const tab = other()
    const told = new Promise<void>((resolve) => {
      const last = new BroadcastChannel('boxoffice.session')
      last.onmessage = () => {
        last.close()
        resolve()
      }
    })
    tab.postMessage({ type: 'started', session: aSession('late'), renewed: true })
    await told
    expect(currentSession()).toMatchObject(anonymous)
    tab.postMessage({ type: 'started', session: aSession('of somebody who signs in') })
    await vi.waitFor(() => expect(currentSession().status).toBe('signed-in'))
    tab.close()
  })

  it('is remembered while the server can’t be reached, and is sent before anything else', async () => {
    startSession(aSession())
    logouts(() => HttpResponse.error())
    await signOut()
    expect(currentSession()).toMatchObject({ ...anonymous, logout: 'failed' })
    expect(isDue()).toBe(true)

    // The page is reloaded: nothing is restored, whatever storage still holds.
    forgetSession()
    localStorage.setItem('boxoffice.session', '1')
    const renewals = refreshes()
    const refused = logouts(() => problem(503, 'unavailable'))
    await restoreSession()
    expect(refused).toHaveLength(1)
    expect(currentSession()).toMatchObject({ ...anonymous, logout: 'failed' })
    expect(isDue()).toBe(true)

    const told = logouts()
    dispatchEvent(new Event('online'))
    await vi.waitFor(() => expect(currentSession().logout).toBeUndefined())
    expect(told).toHaveLength(1)
    expect(isDue()).toBe(false)
    expect(renewals).toHaveLength(0)
    dispatchEvent(new Event('online'))
    expect(told).toHaveLength(1)
  })

  it('is finished before the next sign-in, whose cookie it would remove', async () => {
    startSession(aSession())
    const logout = hold('/auth/logout', () => new HttpResponse(null, { status: 204 }))
    const signedOut = signOut()
    const order: string[] = []
    server.use(
      http.post('*/api/auth/login', () => {
        order.push('login')
        return HttpResponse.json(aSession('next'))
      }),
    )
    const signedIn = signIn({ email: 'bob@example.com', password: 'password123' })
    await vi.waitFor(() => expect(logout.requests).toHaveLength(1))
    void signedOut.then(() => order.push('logout'))
    logout.release()
    await signedIn
    expect(order).toEqual(['logout', 'login'])
    expect(currentSession()).toMatchObject({ status: 'signed-in', accessToken: 'next' })
    expect(isDue()).toBe(false)
  })

  it('does not block signing in when the server can’t be reached', async () => {
    startSession(aSession())
    logouts(() => problem(503, 'unavailable'))
    await signOut()
    server.use(http.post('*/api/auth/login', () => HttpResponse.json(aSession('next'))))
    await signIn({ email: 'bob@example.com', password: 'password123' })
    expect(currentSession()).toMatchObject({ status: 'signed-in' })
    expect(isDue()).toBe(false)
  })

  it('sends no request of one user as the next', async () => {
    const { waiting, release } = heldLock()
    startSession(aSession('of alice'))
    logouts()
    const tokens: (string | null)[] = []
    server.use(
      http.get('*/api/auth/me', ({ request }) => {
        tokens.push(request.headers.get('Authorization'))
        return problem(401, 'token_expired')
      }),
    )
    const failed = expect(me()).rejects.toMatchObject({ code: 'token_expired' })
    await waiting
    endSession('signed-out')
    startSession(aSession('of bob', { id: 'u2' }))
    release()
    await failed
    expect(tokens).toEqual(['Bearer of alice'])
    expect(currentSession().accessToken).toBe('of bob')
  })
})

describe('the lock of tabs', () => {
  it('is taken from a tab that holds it for more than 5 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const asked: { steal?: boolean }[] = []
    const request = (_: string, options: { signal?: AbortSignal; steal?: boolean }, work: () => unknown) => {
      asked.push(options)
      if (options.steal) return Promise.resolve(work())
      return new Promise((_, reject) =>
        options.signal!.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
      )
    }
    vi.stubGlobal('navigator', Object.create(navigator, { locks: { value: { request } } }))
    onTestFinished(() => void vi.unstubAllGlobals())
    startSession(aSession('old'))
    refreshes()
    const renewed = refreshSession('old')
    await vi.advanceTimersByTimeAsync(4_999)
    expect(asked).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(asked[1]?.steal).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(await renewed).toBe('renewed-1')
  })
})

describe('a refresh that gets no answer', () => {
  it('is given up after 10 seconds, which ends no session, and can be made again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    startSession(aSession('old'))
    let note = () => {}
    const asked = new Promise<void>((resolve) => (note = resolve))
    server.use(http.post('*/api/auth/refresh', () => (note(), new Promise<never>(() => {}))))
    const settled = vi.fn()
    void refreshSession('old').then(settled, settled)
    await vi.advanceTimersByTimeAsync(0)
    await asked
    await vi.advanceTimersByTimeAsync(9_999)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await vi.waitFor(() => expect(settled).toHaveBeenCalled())
    expect(settled).toHaveBeenCalledWith(expect.objectContaining({ code: 'network' }))
    expect(currentSession()).toMatchObject({ status: 'signed-in', accessToken: 'old' })

    refreshes()
    const again = refreshSession('old')
    await vi.advanceTimersByTimeAsync(1)
    expect(await again).toBe('renewed-1')
  })
})

describe('a failure', () => {
  it('carries code, fields and the time to wait', async () => {
    startSession(aSession())
    server.use(
      http.post('*/api/events', () =>
        problem(400, 'validation_failed', { 'Retry-After': '3' }, [
          { pointer: '/title', detail: 'must not be empty' },
        ]),
      ),
    )
    const failure = await read(eventSchema, api.POST('/events', { body: {} as never })).catch(
      (e: unknown) => e,
    )
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({
      status: 400,
      code: 'validation_failed',
      retryAfter: 3,
      fields: { title: 'Must not be empty.' },
    })
  })
})

it('a request that wants a verified e-mail is sent again with a new token, once', async () => {
  startSession(aSession('old'))
  const seen = refreshes()
  const sent: (string | null)[] = []
  server.use(
    http.get('*/api/auth/me', ({ request }) => {
      sent.push(request.headers.get('Authorization'))
      return problem(403, 'email_not_verified')
    }),
  )
  await expect(me()).rejects.toMatchObject({ code: 'email_not_verified' })
  expect(sent).toEqual(['Bearer old', 'Bearer renewed-1'])
  expect(seen).toHaveLength(1)
  expect(currentSession().status).toBe('signed-in')
})

it('another tab of a deleted account is told so', async () => {
  startSession(aSession())
  const tab = other()
  onTestFinished(() => tab.close())
  tab.postMessage({ type: 'ended', reason: 'deleted' })
  await vi.waitFor(() => expect(currentSession().ended).toBe('deleted'))
})
