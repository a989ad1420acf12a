'use client'

import { useEffect, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { now } from '@/lib/server-time'
import { useIsBooked } from '../api/list-bookings'
import { useAttempt } from '../attempts'
import { book } from '../book'
import { strings } from '../strings'

export function BookButton({ event }: { event: Event }) {
  const hasBegun = useHasBegun(event.date)
  const booked = useIsBooked(event.id, hasBegun)
  const attempt = useAttempt(event.id)
  const wait = useSecondsUntil(attempt?.phase === 'undecided' ? attempt.notBefore : undefined)

  const [text, look] = ((): [string, 'primary' | 'done'] => {
    if (attempt?.phase === 'booking') return [strings.book.pending, 'primary']
    if (booked.data || attempt?.phase === 'booked') return [strings.book.done, 'done']
    if (event.status === 'CANCELLED') return [strings.book.cancelled, 'primary']
    if (hasBegun) return [strings.book.ended, 'primary']
    if (wait > 0) return [strings.book.wait(wait), 'primary']
    return [strings.book.idle, 'primary']
  })()
  const isBooking = attempt?.phase === 'booking'
  // Until it is known whether the event is booked; if that can't be known, the server decides.
  const isDisabled = text !== strings.book.idle || event.remainingTickets <= 0 || booked.isPending

  return (
    <Button
      variant={look}
      size="wide"
      aria-disabled={isDisabled} // not "disabled", which would lose the focus
      aria-busy={isBooking || undefined}
      onClick={() => !isDisabled && void book(event)}
    >
      {isBooking && <Spinner />}
      <span>{text}</span>
      <span className="sr-only">
        : <bdi>{event.title}</bdi>
      </span>
    </Button>
  )
}

/** Whole seconds until a time, counting down; 0 when it has passed. */
function useSecondsUntil(instant: number | undefined): number {
  const [now, setNow] = useState(() => Date.now())
  const left = instant === undefined ? 0 : Math.max(0, Math.ceil((instant - now) / 1_000))
  useEffect(() => {
    if (instant === undefined) return
    const tick = () => setNow(Date.now())
    tick()
    const timer = setInterval(tick, 250)
    return () => clearInterval(timer)
  }, [instant])
  return left
}

const LONGEST_TIMER = 2 ** 31 - 1

function useHasBegun(date: string): boolean {
  const at = Date.parse(date)
  const [hasBegun, setHasBegun] = useState(() => at <= now())
  useEffect(() => {
    const check = () => setHasBegun(at <= now())
    check()
    const left = at - now()
    if (left <= 0 || left > LONGEST_TIMER) return
    const timer = setTimeout(check, left + 50)
    return () => clearTimeout(timer)
  }, [at])
  return hasBegun
}
