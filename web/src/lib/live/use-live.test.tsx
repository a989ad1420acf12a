import { act, screen } from '@testing-library/react'
import { useQuery } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { eventKeys } from '@/lib/event-cache'
import { startSession } from '@/lib/session/session'
import { aSession } from '../../../test/server'
import { show } from '../../../test/show'
import { setConnectionState } from './connection-store'
import { useLiveConnection } from './live'

const get = vi.fn<() => Promise<string>>()
beforeEach(() => {
  get.mockReset()
  startSession(aSession())
})
afterEach(() => vi.useRealTimers())

function Counts() {
  useLiveConnection()
  const { data, isError } = useQuery({ queryKey: eventKeys.one('e'), queryFn: get, retry: false })
  return <p>{`${data ?? 'nothing'}, ${isError ? 'not up to date' : 'up to date'}`}</p>
}

it('counts that could not be fetched are fetched as soon as the connection is back', async () => {
  get.mockResolvedValueOnce('3 left').mockRejectedValueOnce(new Error('gone')).mockResolvedValue('2 left')
  vi.useFakeTimers({ shouldAdvanceTime: true })
  show(<Counts />)
  await screen.findByText('3 left, up to date')
  act(() => setConnectionState('polling'))
  await act(() => vi.advanceTimersByTimeAsync(5_000))
  await screen.findByText('3 left, not up to date')
  act(() => setConnectionState('live')) // before the next poll
  await screen.findByText('2 left, up to date')
  expect(get).toHaveBeenCalledTimes(3)
})
