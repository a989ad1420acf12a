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
    const ask = async () => {
      if (document.visibilityState !== 'visible') return
      const isReady = await fetch(`${API}/readyz`, { cache: 'no-store' }).then(
        (response) => response.ok,
        () => false,
      )
      if (isReady && !isOver) void latest.current()
    }
    const timer = setInterval(() => void ask(), INTERVAL)
    const askNow = () => void ask()
    addEventListener('online', askNow)
    return () => {
      isOver = true
      clearInterval(timer)
      removeEventListener('online', askNow)
    }
  }, [isFailing])
}
