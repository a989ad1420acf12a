import { useEffect, useRef } from 'react'
import { API } from './api/send'

const INTERVAL = 5_000 // milliseconds

/**
 * Tries again what failed because the server can't be reached: when the browser is back online or the
 * server, which is no event of the browser, says that it is ready. What is shown stays until then.
 */
export function useRetry(isFailing: boolean, retry: () => unknown): void {
  const latest = useRef(retry)
  useEffect(() => {
    latest.current = retry
  })
  useEffect(() => {
    if (!isFailing) return
    let isOver = false
    const ask = () => {
      if (document.visibilityState !== 'visible') return
      fetch(`${API}/readyz`).then(
        ({ ok }) => ok && !isOver && void latest.current(),
        () => undefined,
      )
    }
    const timer = setInterval(ask, INTERVAL)
    addEventListener('online', ask)
    return () => {
      isOver = true
      clearInterval(timer)
      removeEventListener('online', ask)
    }
  }, [isFailing])
}
