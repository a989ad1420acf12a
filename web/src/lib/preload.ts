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

/**
 * Fetches code that a page can be shown without, once the page works, so that what needs it neither waits nor fails when the network
 * is gone by then. Waiting for an idle moment as well would be too late for that.
 */
export function usePreload(...loads: readonly (() => Promise<unknown>)[]): void {
  useEffect(() => {
    // What fails is fetched again when it is needed.
    const waiting = loads.map((load) => inNextTask(() => void load().catch(() => undefined)))
    return () => waiting.forEach((callOff) => callOff())
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what a page needs does not change
  }, [])
}
