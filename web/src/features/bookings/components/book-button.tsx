'use client'

import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event } from '@/lib/api/types'
import { useSecondsUntil } from '@/lib/countdown'
import { useSale } from '@/lib/sale'
import { strings as shared } from '@/lib/strings'
import { useTicketsOf } from '../api/list-bookings'
import { useAttempt } from '../attempts'
import { book } from '../book'
import { strings } from '../strings'

export function BookButton({ event }: { event: Event }) {
  const { phase, hasBegun } = useSale(event)
  const booked = useTicketsOf(event.id, hasBegun)
  const attempt = useAttempt(event.id)
  const wait = useSecondsUntil(attempt?.phase === 'undecided' ? attempt.notBefore : undefined)

  const [text, look] = ((): [string, 'primary' | 'done'] => {
    if (attempt?.phase === 'booking') return [strings.book.pending, 'primary']
    if (booked.data || attempt?.phase === 'booked') return [strings.book.done, 'done']
    if (phase !== 'open') return [shared.notOpen[phase], 'primary']
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
