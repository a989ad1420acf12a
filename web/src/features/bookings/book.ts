import { toast } from '@/lib/toast'
import type { BookingWithEvent, Event } from '@/lib/api/types'
import { plural } from '@/lib/format'
import { applyChange, markSoldOut } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { bookTicket, type Outcome } from './api/book-ticket'
import { bookingKeys, ticketsQuery } from './api/list-bookings'
import { beginAttempt, endAttempt, markBooked, markUndecided } from './attempts'

/**
 * Books a ticket and reports the outcome. Nothing is shown as booked before the server has
 * confirmed it.
 */
export async function book(event: Event): Promise<void> {
  const key = beginAttempt(event.id)
  if (!key) return
  let outcome: Outcome = { kind: 'failed' }
  try {
    outcome = await bookTicket(event.id, key)
  } finally {
    if (isDecided(outcome)) {
      applyOutcome(event, outcome)
      if (outcome.kind === 'booked' || outcome.kind === 'already_booked') markBooked(event.id, key)
      else endAttempt(event.id)
    } else {
      markUndecided(event.id, key, 'seconds' in outcome ? Date.now() + outcome.seconds * 1_000 : undefined)
      // The booking may have been made although its answer was lost.
      void queryClient.invalidateQueries({ queryKey: bookingKeys.all })
    }
    showOutcome(event, outcome)
  }
}

function isDecided({ kind }: Outcome): boolean {
  return (
    kind !== 'failed' &&
    kind !== 'offline' &&
    kind !== 'needs_https' &&
    kind !== 'busy' &&
    kind !== 'rate_limited' &&
    kind !== 'session_over'
  )
}

/** Updates the event and the user's bookings with the outcome. */
function applyOutcome(event: Event, outcome: Outcome): void {
  const refetch = (queryKey: readonly unknown[]) => void queryClient.invalidateQueries({ queryKey })
  switch (outcome.kind) {
    case 'booked': {
      const { booking, event: now } = outcome.change
      applyChange({ eventId: event.id, remainingTickets: now.remainingTickets, version: now.version })
      queryClient.setQueryData(
        ticketsQuery.queryKey,
        (list): BookingWithEvent[] | undefined =>
          list && [{ ...booking, event: { ...event, ...now } }, ...list.filter((b) => b.id !== booking.id)],
      )
      refetch(bookingKeys.all)
      break
    }
    case 'sold_out':
      markSoldOut(event)
      refetch(['events'])
      break
    case 'already_booked':
      refetch(bookingKeys.all)
      refetch(['events'])
      break
    default:
      refetch(['events'])
  }
}

function showOutcome(event: Event, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'booked':
      toast.success(`Successfully booked ${event.title}!`, { description: 'Your ticket is in My bookings.' })
      break
    case 'sold_out':
      toast.error(`Sorry, tickets for ${event.title} are no longer available.`)
      break
    case 'already_booked':
      toast.info('You have already booked this event.')
      break
    case 'too_many_bookings':
      toast.error('You have booked and cancelled this event too often to book it again.')
      break
    case 'event_cancelled':
      toast.error(`${event.title} has been cancelled by its organizer.`)
      break
    case 'event_past':
      toast.error(`${event.title} has already begun, so it can’t be booked any more.`)
      break
    case 'event_not_found':
      toast.error(`${event.title} is not on sale any more.`)
      break
    case 'busy':
      showBookingFailed(
        `Many people are booking right now. Try again in ${plural(outcome.seconds, 'second')}.`,
      )
      break
    case 'rate_limited':
      toast.warning('That was too often.', {
        description: `You can try again in ${plural(outcome.seconds, 'second')}.`,
      })
      break
    case 'offline':
      showBookingFailed('You seem to be offline.')
      break
    case 'needs_https':
      toast.error('Tickets of this event are sold over secure connections only.', {
        description: 'Please open the box office with https.',
      })
      break
    case 'session_over':
      break // the sign-in page shows a message
    case 'failed':
      showBookingFailed()
      break
  }
}

/** A failed booking that may succeed when it is tried again. */
const showBookingFailed = (description?: string) =>
  toast.error('Failed to complete booking. Please try again.', { description })
