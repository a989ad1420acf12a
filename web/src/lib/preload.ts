import { useEffect } from 'react'

/** Does work in a task of its own, right after the one that made the page work and is long enough. Gives what calls it off. */
export function inNextTask(work: () => void): () => void {
  const timer = setTimeout(work, 0)
  return () => clearTimeout(timer)
}

/** Does work in a task of its own, when what was drawn last is on the screen. Gives what calls it off. */
export function afterNextFrame(work: () => void): () => void {
  let callOff = () => {}
  const frame = requestAnimationFrame(() => (callOff = inNextTask(work)))
  return () => {
    cancelAnimationFrame(frame)
    callOff()
  }
}

const USE = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const
const REST = 5_000 // milliseconds, in which a page that nobody has touched yet has come to rest, on slow phones too

/** Kept as soon as somebody begins to use the page, or has had it before them for a while. */
const inUse = new Promise<void>((resolve) => {
  if (typeof window === 'undefined') return
  const begin = () => {
    USE.forEach((kind) => window.removeEventListener(kind, begin, true))
    clearTimeout(timer)
    resolve()
  }
  USE.forEach((kind) => window.addEventListener(kind, begin, { capture: true, passive: true }))
  const timer = setTimeout(begin, REST)
})

/**
 * Fetches code that a page can be shown without, once the page is in use, so that what needs it neither waits nor fails when the
 * network is gone by then. Earlier it would hold up the page while that is being drawn, and for many people who only read it.
 */
export function usePreload(...loads: readonly (() => Promise<unknown>)[]): void {
  useEffect(() => {
    let isGone = false
    // What fails is fetched again when it is needed.
    const start = (load: () => Promise<unknown>) =>
      inNextTask(() => !isGone && void load().catch(() => undefined))
    void inUse.then(() => loads.forEach(start))
    return () => {
      isGone = true
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what a page needs does not change
  }, [])
}
