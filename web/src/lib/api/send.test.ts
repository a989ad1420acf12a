import { delay, http, HttpResponse } from 'msw'
import { afterEach, expect, it, vi } from 'vitest'
import { server } from '../../../test/server'
import { API, send } from './send'

const me = (signal?: AbortSignal) => new Request(`${API}/auth/me`, { signal })

afterEach(() => void vi.unstubAllGlobals())

/** Removes APIs that browsers of 2023 don't have. */
function inOlderBrowser() {
  class Signal extends AbortSignal {
    static override any = undefined as never
    static override timeout = undefined as never
  }
  vi.stubGlobal('AbortSignal', Signal)
}

it('gets an answer in browsers without AbortSignal.any and AbortSignal.timeout', async () => {
  inOlderBrowser()
  server.use(http.get('*/api/auth/me', () => HttpResponse.json({})))
  expect((await send(me())).ok).toBe(true)
  expect((await send(me(new AbortController().signal))).ok).toBe(true)
})

it('gives up when the time is over', async () => {
  server.use(http.get('*/api/auth/me', () => delay('infinite')))
  const { signal } = new AbortController()
  await expect(send(me(signal), 1)).rejects.toMatchObject({ code: 'network' })
})

it('gives up when the caller aborts, before and after it was sent', async () => {
  const asked = vi.fn()
  server.use(
    http.get('*/api/auth/me', () => {
      asked()
      return delay('infinite')
    }),
  )
  const controller = new AbortController()
  const answer = expect(send(me(controller.signal))).rejects.toMatchObject({
    name: 'AbortError',
  })
  await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce())
  controller.abort()
  await answer
  await expect(send(me(controller.signal))).rejects.toMatchObject({ name: 'AbortError' })
  expect(asked).toHaveBeenCalledOnce()
})
