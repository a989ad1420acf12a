import { cleanup, fireEvent, render } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('code that a page can be shown without', () => {
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

  it('comes to a page that has been at rest for a while', async () => {
    await vi.advanceTimersByTimeAsync(5_000)
    expect(load).toHaveBeenCalledOnce()
  })

  it('may fail to come', async () => {
    load.mockRejectedValue(new Error('the network is gone'))
    fireEvent.pointerMove(document.body)
    await vi.advanceTimersByTimeAsync(0)
    expect(load).toHaveBeenCalledOnce()
  })

  it('does not come when what needs it is gone', async () => {
    cleanup()
    fireEvent.pointerMove(document.body)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(load).not.toHaveBeenCalled()
  })
})
