import { useEffect } from 'react'

/**
 * Runs work in a separate task, right after the hydration of the page, which is long enough itself.
 * Returns a function that cancels it.
 */
export function inNextTask(work: () => void): () => void {
  const timer = setTimeout(work, 0)
  return () => clearTimeout(timer)
}

/**
 * Runs work in a separate task after the next frame is painted. Returns a function that cancels it.
 */
export function afterNextFrame(work: () => void): () => void {
  let cancel = () => {}
  const frame = requestAnimationFrame(() => (cancel = inNextTask(work)))
  return () => {
    cancelAnimationFrame(frame)
    cancel()
  }
}

const INPUTS = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const
const IDLE_AFTER = 5_000 // milliseconds; by then a page without input has finished loading, on slow phones too

/** Resolves at the first input on the page, or some seconds after it has loaded. */
const inUse = new Promise<void>((resolve) => {
  if (typeof window === 'undefined') return
  const finish = () => {
    INPUTS.forEach((kind) => window.removeEventListener(kind, finish, true))
    clearTimeout(timer)
    resolve()
  }
  INPUTS.forEach((kind) => window.addEventListener(kind, finish, { capture: true, passive: true }))
  const timer = setTimeout(finish, IDLE_AFTER)
})

/**
 * Fetches code that is not needed to show a page once the page is in use, so that its users neither
 * wait nor fail when the network is gone by then. Fetched earlier, it would delay rendering, also
 * for the many visitors who only read.
 */
export function usePreload(...loads: readonly (() => Promise<unknown>)[]): void {
  useEffect(() => {
    let isUnmounted = false
    // A failed fetch is repeated when the code is needed.
    const start = (load: () => Promise<unknown>) =>
      inNextTask(() => !isUnmounted && void load().catch(() => undefined))
    void inUse.then(() => loads.forEach(start))
    return () => {
      isUnmounted = true
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what a page needs does not change
  }, [])
}
