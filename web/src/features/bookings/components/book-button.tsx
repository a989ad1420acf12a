'use client'

import { useEffect, useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { useIsBooked } from '../api/list-bookings'
import { useAttempt } from '../attempts'
import { book } from '../book'

export function BookButton({ event }: { event: Event }) {
  const booked = useIsBooked(event.id)
  const attempt = useAttempt(event.id)
  const wait = useSecondsUntil(attempt?.phase === 'undecided' ? attempt.notBefore : undefined)
  const hasBegun = useHasBegun(event.date)
  const button = useRef<HTMLButtonElement>(null)

  const press = async () => {
    await book(event)
    // A disabled button loses the focus; keyboard users continue from the event instead of the top
    // of the page.
    requestAnimationFrame(() => {
      if (document.activeElement && document.activeElement !== document.body) return
      const place = button.current?.disabled
        ? button.current.closest('article')?.querySelector<HTMLElement>('h2 a, h1')
        : button.current
      place?.focus({ preventScroll: true })
    })
  }

  const [text, look] = ((): [string, 'primary' | 'done'] => {
    if (attempt?.phase === 'booking') return ['Booking...', 'primary']
    if (booked.data || attempt?.phase === 'booked') return ['Booked ✓', 'done']
    if (event.status === 'CANCELLED') return ['Cancelled', 'primary']
    if (hasBegun) return ['Sale ended', 'primary']
    if (event.remainingTickets <= 0) return ['Sold Out', 'primary']
    if (wait > 0) return [`Try again in ${wait} s`, 'primary']
    return ['Book Now', 'primary']
  })()
  const isBooking = attempt?.phase === 'booking'

  return (
    <Button
      ref={button}
      variant={look}
      size="wide"
      // Until it is known whether the event is booked; if that can't be known, the server decides.
      disabled={text !== 'Book Now' || booked.isPending}
      aria-busy={isBooking || undefined}
      onClick={() => void press()}
    >
      {isBooking && <Spinner />}
      <span>{text}</span>
      <span className="sr-only">: {event.title}</span>
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
  const [hasBegun, setHasBegun] = useState(() => at <= Date.now())
  useEffect(() => {
    const check = () => setHasBegun(at <= Date.now())
    check()
    const left = at - Date.now()
    if (left <= 0 || left > LONGEST_TIMER) return
    const timer = setTimeout(check, left + 50)
    return () => clearTimeout(timer)
  }, [at])
  return hasBegun
}
