import { plural } from '@/lib/format'

/** Every sentence about booking. Those of My bookings are in wallet-strings.ts, so that other pages need not load them. */
export const strings = {
  book: {
    idle: 'Book Now',
    pending: 'Booking...',
    done: 'Booked ✓',
    wait: (seconds: number) => `Try again in ${seconds} s`,
    announced: 'Booking…',
  },
  /** By the code of the API. */
  refused: {
    already_booked: () => 'You have already booked this event.',
    already_waiting: () => 'You’re already on the waiting list for this event.',
    already_holding: () => 'You’ve already reserved tickets for this event.',
    too_many_bookings: () => 'You’ve booked and cancelled this event too many times to book it again.',
    event_cancelled: (title: string) => `${title} has been cancelled by the organizer.`,
    event_past: (title: string) => `${title} has already started, so it can no longer be booked.`,
    event_not_found: (title: string) => `${title} is no longer on sale.`,
    sale_not_open: (title: string) => `${title} is not on sale yet.`,
    sale_closed: (title: string) => `Ticket sales for ${title} have ended.`,
  },
  outcome: {
    booked: (title: string) => `Successfully booked ${title}!`,
    whereTicketIs: 'Your ticket is in My bookings.',
    soldOut: (title: string) => `Sorry, tickets for ${title} are no longer available.`,
    othersWait: 'Others are already waiting for tickets. You can join the waiting list on the event’s page.',
    needsHttps:
      'Tickets for this event are sold over a secure connection only. Open the box office with https.',
    failed: 'Failed to complete booking. Please try again.',
    busy: (seconds: number) =>
      `Lots of people are booking right now. Try again in ${plural(seconds, 'second')}.`,
    offline: 'You seem to be offline.',
    rateLimited: 'Too many attempts.',
    retryIn: (seconds: number) => `Try again in ${plural(seconds, 'second')}.`,
  },
}
