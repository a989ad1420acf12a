'use client'

import { formatCountdown, useSecondsUntil } from '@/lib/countdown'
import { now } from '@/lib/server-time'
import { hold as text } from '../strings'

/** The time until a hold lapses, by the server's clock. Its last minute is announced, no other second. */
export function Countdown({ until, isSilent }: { until: string; isSilent?: boolean }) {
  const seconds = useSecondsUntil(Date.parse(until), now)
  return (
    <>
      <span role="timer" className={seconds <= 60 ? 'text-bad' : undefined}>
        {formatCountdown(seconds)}
      </span>
      {!isSilent && (
        <span role="status" className="sr-only">
          {seconds > 0 && seconds <= 60 && text.lastMinute}
        </span>
      )}
    </>
  )
}
