import { delay, http, HttpResponse } from 'msw'
import { describe, expect, it, vi } from 'vitest'
import { call } from '@/lib/api/client'
import { ApiError } from '@/lib/api/error'
import { aSession, problem, server } from '../../../test/server'
import { endSession, refreshSession, restoreSession, signIn, signOut, startSession } from './session'
import { useSession } from './store'

const other = () => new BroadcastChannel('boxoffice.session')

/** Counts refreshes and gives a new token for each. */
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

describe('a session', () => {
  it('keeps the access token in memory only', async () => {
    server.use(
      http.post('*/api/auth/login', ({ request }) => {
        expect(request.headers.get('Refresh-Token-Mode')).toBe('cookie')
        return HttpResponse.json(aSession('secret-token'))
      }),
    )
    await signIn({ email: 'alice@example.com', password: 'password123' })
    expect(useSession.getState()).toMatchObject({ status: 'signed-in', accessToken: 'secret-token' })
    expect(JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie).not.toContain(
      'secret-token',
    )
  })

  it('is restored by the refresh cookie when there was one', async () => {
    localStorage.setItem('boxoffice.session', '1')
    const seen = refreshes()
    await restoreSession()
    expect(useSession.getState()).toMatchObject({ status: 'signed-in', accessToken: 'renewed-1' })
    expect(seen[0]?.get('Refresh-Token-Mode')).toBe('cookie')
  })

  it('is not asked for when there was none', async () => {
    const seen = refreshes()
    await restoreSession()
    expect(useSession.getState().status).toBe('anonymous')
    expect(seen).toHaveLength(0)
  })

  it('stays unknown while the server can’t be reached', async () => {
    localStorage.setItem('boxoffice.session', '1')
    refreshes(() => HttpResponse.error())
    await restoreSession()
    expect(useSession.getState()).toMatchObject({ status: 'unknown', unreachable: true })
    refreshes()
    await refreshSession(undefined)
    expect(useSession.getState()).toMatchObject({ status: 'signed-in', unreachable: false })
  })

  it('stays unknown when the answer breaks off, and says so', async () => {
    localStorage.setItem('boxoffice.session', '1')
    refreshes(() => new HttpResponse('{"accessToken":'))
    await restoreSession()
    expect(useSession.getState()).toMatchObject({ status: 'unknown', unreachable: true })
    await expect(refreshSession(undefined)).rejects.toMatchObject({ code: 'network' })
  })

  it('is renewed once for all requests that need it, without locks too, which only secure contexts have', async () => {
    vi.stubGlobal('navigator', Object.create(navigator, { locks: { value: undefined } }))
    startSession(aSession('old'))
    let refused = 0
    let renewals = 0
    server.use(
      http.get('*/api/auth/me', ({ request }) => {
        if (request.headers.get('Authorization') === 'Bearer renewed') return HttpResponse.json({})
        refused++
        return problem(401, 'token_expired')
      }),
      http.post('*/api/auth/refresh', async () => {
        renewals++
        await vi.waitFor(() => expect(refused).toBe(3)) // all of them need it while it is under way
        await delay(50) // as a server would take
        return HttpResponse.json(aSession('renewed'))
      }),
    )
    await Promise.all([call('/auth/me'), call('/auth/me'), call('/auth/me')])
    await call('/auth/me')
    expect(renewals).toBe(1)
    vi.unstubAllGlobals()
  })

  it('that another tab has renewed meanwhile is not renewed again', async () => {
    startSession(aSession('old'))
    const seen = refreshes()
    let release = () => {}
    // Another tab holds the lock, announces its answer, and lets go.
    const locks: LockManager = {
      request: async (_: string, work: () => Promise<unknown>) => {
        await new Promise<void>((resolve) => (release = resolve))
        return work()
      },
    } as unknown as LockManager
    vi.stubGlobal('navigator', Object.create(navigator, { locks: { value: locks } }))
    const renewed = refreshSession('old')
    const tab = other()
    tab.postMessage({ type: 'started', session: aSession('from another tab') })
    await vi.waitFor(() => expect(useSession.getState().accessToken).toBe('from another tab'))
    release()
    expect(await renewed).toBe('from another tab')
    expect(seen).toHaveLength(0)
    tab.close()
    vi.unstubAllGlobals()
  })

  it('is over when the refresh is refused, and the failed request says so', async () => {
    startSession(aSession())
    refreshes(() => problem(401, 'invalid_token'))
    server.use(http.get('*/api/auth/me', () => problem(401, 'token_expired')))
    await expect(call('/auth/me')).rejects.toMatchObject({ code: 'token_expired' })
    expect(useSession.getState()).toMatchObject({
      status: 'anonymous',
      accessToken: undefined,
      ended: 'expired',
    })
  })

  it('outlives a refresh that could not be made', async () => {
    startSession(aSession())
    refreshes(() => problem(503, 'unavailable', { 'Retry-After': '2' }))
    server.use(http.get('*/api/auth/me', () => problem(401, 'token_expired')))
    await expect(call('/auth/me')).rejects.toMatchObject({ code: 'unavailable', retryAfter: 2 })
    expect(useSession.getState().status).toBe('signed-in')
  })

  it('that ends in one tab ends in all', async () => {
    startSession(aSession())
    const tab = other()
    const heard = vi.fn()
    tab.onmessage = ({ data }) => heard(data)
    server.use(http.post('*/api/auth/logout', () => new HttpResponse(null, { status: 204 })))
    await signOut()
    expect(useSession.getState()).toMatchObject({ status: 'anonymous', user: undefined, ended: 'signed-out' })
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith({ type: 'ended', reason: 'signed-out' }))
    startSession(aSession())
    tab.postMessage({ type: 'ended', reason: 'signed-out' })
    await vi.waitFor(() => expect(useSession.getState().status).toBe('anonymous'))
    tab.close()
  })

  it('ends at once, even when the server can’t be told', async () => {
    startSession(aSession())
    server.use(http.post('*/api/auth/logout', () => HttpResponse.error()))
    const done = signOut()
    expect(useSession.getState().status).toBe('anonymous')
    await done
  })

  it('ends for good: a refresh under way does not bring it back', async () => {
    startSession(aSession('old'))
    const renewed = refreshSession('old')
    endSession('signed-out')
    refreshes()
    expect(await renewed).toBeUndefined()
    expect(useSession.getState().status).toBe('anonymous')
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
    const failure = await call('/events', { method: 'POST', body: {} }).catch((e: unknown) => e)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({
      status: 400,
      code: 'validation_failed',
      retryAfter: 3,
      fields: { title: 'Must not be empty.' },
    })
  })
})
