import { toast } from '@/lib/toast'
import type { BookingWithEvent, Event } from '@/lib/api/types'
import { applyChange, bookingKeys, holdKeys, markSoldOut } from '@/lib/event-cache'
import { queryClient } from '@/lib/query-client'
import { bookTicket, type Outcome } from './api/book-ticket'
import { ticketsQuery } from './api/list-bookings'
import { beginAttempt, endAttempt, markBooked, markUndecided } from './attempts'
import { strings } from './strings'

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
    case 'already_waiting':
    case 'already_holding':
      refetch(holdKeys.all)
      break
    default:
      refetch(['events'])
  }
}

function showOutcome(event: Event, outcome: Outcome): void {
  const { outcome: text } = strings
  switch (outcome.kind) {
    case 'booked':
      toast.success(text.booked(event.title), { description: text.whereTicketIs })
      break
    case 'sold_out':
      toast.error(text.soldOut(event.title), {
        description: outcome.othersWait ? text.othersWait : undefined,
      })
      break
    case 'already_booked':
      toast.info(text.alreadyBooked)
      break
    case 'too_many_bookings':
      toast.error(text.tooManyBookings)
      break
    case 'event_cancelled':
      toast.error(text.eventCancelled(event.title))
      break
    case 'event_past':
      toast.error(text.eventPast(event.title))
      break
    case 'event_not_found':
      toast.error(text.eventNotFound(event.title))
      break
    case 'sale_not_open':
      toast.error(text.saleNotOpen(event.title))
      break
    case 'sale_closed':
      toast.error(text.saleClosed(event.title))
      break
    case 'already_waiting':
      toast.info(text.alreadyWaiting)
      break
    case 'already_holding':
      toast.info(text.alreadyHolding)
      break
    case 'busy':
      toast.error(text.failed, { description: text.busy(outcome.seconds) })
      break
    case 'rate_limited':
      toast.warning(text.rateLimited, { description: text.retryIn(outcome.seconds) })
      break
    case 'offline':
      toast.error(text.failed, { description: text.offline })
      break
    case 'needs_https':
      toast.error(text.failed, { description: text.needsHttps })
      break
    case 'session_over':
      break // the sign-in page shows a message
    case 'failed':
      toast.error(text.failed)
      break
  }
}
