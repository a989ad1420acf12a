import { cleanup, fireEvent, render } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('code that is not needed to show a page', () => {
  const load = vi.fn(() => Promise.resolve())

  beforeEach(async () => {
    load.mockReset().mockResolvedValue()
    vi.useFakeTimers()
    vi.resetModules() // the page has not been used yet
    const { usePreload } = await import('./preload')
    const Page = () => {
      usePreload(load)
      return null
    }
    render(<Page />)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(load).not.toHaveBeenCalled()
  })
  afterEach(() => void vi.useRealTimers())

  it.each(['pointerMove', 'pointerDown', 'keyDown', 'wheel'] as const)(
    'comes with the first %s',
    async (use) => {
      fireEvent[use](document.body)
      await vi.advanceTimersByTimeAsync(0)
      expect(load).toHaveBeenCalledOnce()
      fireEvent[use](document.body)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(load).toHaveBeenCalledOnce()
    },
  )

  it('is loaded when a page has been idle for a while', async () => {
    await vi.advanceTimersByTimeAsync(5_000)
    expect(load).toHaveBeenCalledOnce()
  })

  it('may fail to load', async () => {
    load.mockRejectedValue(new Error('the network is gone'))
    fireEvent.pointerMove(document.body)
    await vi.advanceTimersByTimeAsync(0)
    expect(load).toHaveBeenCalledOnce()
  })

  it('is not loaded when its component has unmounted', async () => {
    cleanup()
    fireEvent.pointerMove(document.body)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).not.toHaveBeenCalled()
  })
})
