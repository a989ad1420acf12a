import { render, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, it, vi } from 'vitest'
import { aSession, server } from '../../../../test/server'

let asked = 0
beforeEach(() => {
  vi.resetModules() // a page that has just come
  asked = 0
  server.use(
    http.post('*/api/auth/refresh', () => {
      asked++
      return HttpResponse.json(aSession())
    }),
  )
})

async function start() {
  const { SessionKeeper } = await import('./session-keeper')
  const { useSession } = await import('@/lib/session/store')
  return { SessionKeeper, status: () => useSession.getState().status }
}

it('asks for the session that is likely before anything is drawn, and once', async () => {
  localStorage.setItem('boxoffice.session', '1')
  const { SessionKeeper, status } = await start()
  await waitFor(() => expect(asked).toBe(1))
  render(<SessionKeeper />)
  await waitFor(() => expect(status()).toBe('signed-in'))
  expect(asked).toBe(1)
})

it('changes nothing before the page is drawn when there is no session, and asks nobody', async () => {
  const { SessionKeeper, status } = await start()
  expect(status()).toBe('unknown')
  render(<SessionKeeper />)
  expect(status()).toBe('anonymous')
  expect(asked).toBe(0)
})
