'use client'

import { useEffect, useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { loadCode } from '@/lib/load-code'
import { usePreload } from '@/lib/preload'
import { useIsBooked } from '../api/list-bookings'
import { useAttempts } from '../attempts'
import { showBookingFailed, showOffline } from '../failure-toast'

const load = () => import('../book')

export function BookButton({ event }: { event: Event }) {
  const isBooked = useIsBooked(event.id)
  const attempt = useAttempts((s) => s.attempts[event.id])
  const wait = useSecondsUntil(attempt?.phase === 'undecided' ? attempt.notBefore : undefined)
  const hasBegun = useHasBegun(event.date)
  const button = useRef<HTMLButtonElement>(null)

  usePreload(load)

  const press = async () => {
    const code = await loadCode(load).catch(() =>
      navigator.onLine === false ? showOffline() : showBookingFailed(),
    )
    await code?.book(event)
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
    if (isBooked) return ['Booked ✓', 'done']
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
      disabled={text !== 'Book Now'}
      aria-busy={isBooking || undefined}
      onClick={() => void press()}
    >
      {isBooking && <Spinner />}
      {text}
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
