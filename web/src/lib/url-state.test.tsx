import { act, renderHook } from '@testing-library/react'
import { debounce, parseAsString } from 'nuqs'
import { NuqsAdapter } from 'nuqs/adapters/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { onRouterTransitionStart } from '@/instrumentation-client'
import { useUrlState } from './url-state'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const keys = {
  typed: parseAsString.withOptions({ limitUrlUpdates: debounce(300) }),
  chosen: parseAsString,
}
const change = (part: { typed?: string; chosen?: string }) => {
  const { result } = renderHook(() => useUrlState(keys), { wrapper: NuqsAdapter })
  act(() => result.current[1](part))
  return result
}
const wait = () => act(() => vi.advanceTimersByTimeAsync(1_000))

it.each(['typed', 'chosen'])('writes what was %s to the URL', async (key) => {
  change({ [key]: 'jazz' })
  await wait()
  expect(location.search).toBe(`?${key}=jazz`)
})

it.each(['typed', 'chosen'])('writes nothing of what was %s once another page is on its way', async (key) => {
  const result = change({ [key]: 'jazz' })
  onRouterTransitionStart()
  await wait()
  expect(location.search).toBe('')
  // If the other page does not come, the next change is written.
  act(() => result.current[1]({ [key]: 'blues' }))
  await wait()
  expect(location.search).toBe(`?${key}=blues`)
})
