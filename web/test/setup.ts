import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import { forgetAttempts } from '@/features/bookings/attempts'
import { setConnectionState } from '@/lib/live/connection-store'
import { queryClient } from '@/lib/query-client'
import { forgetSession } from '@/lib/session/store'
import { server } from './server'

configure({ asyncUtilTimeout: 15_000 }) // milliseconds; a busy machine may be slow

vi.mock('next/navigation', () => import('./navigation'))
vi.mock('next/link', () => import('./link'))

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterAll(() => server.close())

beforeEach(() => {
  // With all 400 options, tests of the form of an event take half as long again.
  vi.spyOn(Intl, 'supportedValuesOf').mockReturnValue(['America/New_York', 'Europe/Berlin', 'Europe/Lisbon'])
  // A passing test logs nothing.
  for (const method of ['error', 'warn'] as const)
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      throw new Error(`console.${method}: ${args.join(' ')}`)
    })
})

afterEach(() => {
  cleanup()
  server.resetHandlers()
  queryClient.clear()
  forgetAttempts()
  setConnectionState('connecting')
  forgetSession()
  localStorage.clear()
  history.replaceState(null, '', '/events')
})
