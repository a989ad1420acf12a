import { createElement, Fragment, type ReactNode } from 'react'

const sentence = (...parts: ReactNode[]): ReactNode => createElement(Fragment, null, ...parts)

/** Every sentence of My bookings. Those with several parts are put together here, for translations. */
export const strings = {
  list: {
    upcoming: 'Upcoming',
    past: 'Past',
    cancelled: 'Cancelled',
    loading: 'Loading your bookings',
    failed: 'Your bookings couldn’t be loaded',
    more: 'Show more bookings',
    browse: 'Browse events',
    none: 'You haven’t booked any events yet',
    noneHint: 'Your tickets will appear here.',
    noneUpcoming: 'No upcoming bookings',
    noneUpcomingHint: 'Book an event, and your ticket will appear here.',
    kept: 'Can’t reach the box office. These are the tickets saved on this device.',
    retry: 'Try again',
  },
  status: {
    confirmed: 'Confirmed',
    started: 'Started',
    past: 'Past event',
    cancelled: 'Cancelled',
    eventCancelled: 'Event cancelled',
    booked: 'Booked on',
    cancelledOn: 'cancelled on',
    reason: (reason: ReactNode) => sentence('Cancelled by the organizer: ', reason),
  },
  ticket: {
    show: 'Show ticket',
    of: (title: ReactNode) => sentence('for ', title),
    calendar: 'Add to calendar',
    print: 'Print ticket',
    receipt: 'Receipt',
    cancel: 'Cancel Booking',
    qr: (title: string, n = 1, of = 1) =>
      of > 1 ? `QR code of ticket ${n} of ${of} for ${title}` : `QR code of your ticket for ${title}`,
    nth: (n: number, of: number) => `Ticket ${n} of ${of}`,
    brightness: 'Turn up your screen’s brightness when you get to the door.',
    holder: 'Name',
    email: 'E-mail',
    number: 'Ticket number',
    tickets: 'Tickets',
    paid: 'Paid',
  },
  cancel: {
    title: 'Cancel this booking?',
    body: (title: ReactNode, date: ReactNode) =>
      sentence(
        'Your ticket for ',
        title,
        ' on ',
        date,
        ' will be released immediately. You may not get it back.',
      ),
    keep: 'Keep booking',
    confirm: 'Cancel Booking',
    pending: 'Cancelling...',
    done: (title: string) => `Your booking for ${title} is cancelled.`,
    failed: 'Your booking wasn’t cancelled.',
  },
  receipt: {
    title: 'Receipt',
    of: (title: string, isCancelled: boolean) =>
      `For your ${isCancelled ? 'cancelled booking' : 'booking'} for ${title}`,
    what: (isCancelled: boolean) =>
      `A receipt is a small file that proves your ${isCancelled ? 'cancellation' : 'booking'} was recorded: its place in the log of all bookings, with a signature over that log. If anyone removed or changed the record later, your receipt would show it.`,
    whoCanCheck:
      'It contains no one else’s data. Anyone with the box office’s public key can check it, without asking us:',
    notYet: 'There is no receipt yet: your booking hasn’t been signed. Please try again in a minute.',
    download: 'Download receipt',
    pending: 'Downloading…',
  },
  calendar: {
    ticket: (number: string) => `Ticket number ${number}`,
  },
}
