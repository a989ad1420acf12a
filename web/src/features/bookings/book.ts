import { toast } from '@/lib/toast'
import type { BookingWithEvent, Event } from '@/lib/api/types'
import { applyChange, bookingKeys, eventKeys, holdKeys, markSoldOut } from '@/lib/event-cache'
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

/** What leaves open whether there is a booking. */
const undecided = ['failed', 'offline', 'needs_https', 'busy', 'rate_limited', 'session_over']

const isDecided = ({ kind }: Outcome): boolean => !undecided.includes(kind)

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
      refetch(eventKeys.all)
      break
    case 'already_booked':
      refetch(bookingKeys.all)
      refetch(eventKeys.all)
      break
    case 'already_waiting':
    case 'already_holding':
      refetch(holdKeys.all)
      break
    default:
      refetch(eventKeys.all)
  }
}

function showOutcome({ title }: Event, outcome: Outcome): void {
  const { outcome: text, refused } = strings
  switch (outcome.kind) {
    case 'booked':
      return toast.success(text.booked(title), { description: text.whereTicketIs })
    case 'sold_out':
      return toast.error(text.soldOut(title), {
        description: outcome.othersWait ? text.othersWait : undefined,
      })
    case 'busy':
      return toast.error(text.failed, { description: text.busy(outcome.seconds) })
    case 'rate_limited':
      return toast.warning(text.rateLimited, { description: text.retryIn(outcome.seconds) })
    case 'offline':
      return toast.error(text.failed, { description: text.offline })
    case 'needs_https':
      return toast.error(text.failed, { description: text.needsHttps })
    case 'session_over':
      return // the sign-in page shows a message
    case 'failed':
      return toast.error(text.failed)
    case 'already_booked':
    case 'already_waiting':
    case 'already_holding':
      return toast.info(refused[outcome.kind]())
    default:
      return toast.error(refused[outcome.kind](title))
  }
}
