import { useEffect, useState } from 'react'

/** Whole seconds until a time in milliseconds since 1970, by this clock, counting down; 0 when it has passed. */
export function useSecondsUntil(instant: number | undefined, clock: () => number = Date.now): number {
  const [now, setNow] = useState(clock)
  const left = instant === undefined ? 0 : Math.max(0, Math.ceil((instant - now) / 1_000))
  useEffect(() => {
    if (instant === undefined) return
    const tick = () => setNow(clock())
    tick()
    const timer = setInterval(tick, 250)
    return () => clearInterval(timer)
  }, [instant, clock])
  return left
}

/** "9:05" */
export const formatCountdown = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
