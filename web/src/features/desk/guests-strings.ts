import { formatNumber, plural } from '@/lib/format'

/** Every sentence about attendees, sales at the desk, and messages. */
export const attendees = {
  title: 'Attendees',
  search: 'Search by name or e-mail',
  type: 'Ticket type',
  status: 'Booking',
  checkIn: 'Check-in',
  all: 'All',
  confirmed: 'Confirmed',
  cancelled: 'Cancelled',
  inside: 'Checked in',
  outside: 'Not checked in',
  name: 'Name',
  tickets: 'Tickets',
  booked: 'Booked',
  actions: 'Actions',
  deleted: 'Deleted user',
  ticket: (type: string, number: number) => `${type} ${number}`,
  insideAt: (time: string) => `Checked in ${time}`,
  bookedAt: (time: string) => `Booked ${time}`,
  cancelledAt: (time: string) => `Cancelled ${time}`,
  more: 'Load more',
  loading: 'Loading attendees…',
  failed: 'Attendees couldn’t be loaded',
  none: 'Nobody has booked yet',
  noneHint: 'Attendees will appear here once someone books.',
  noMatch: 'No matches',
  noMatchHint: 'Try a different search, or fewer filters.',
  clear: 'Clear filters',
}

export const reasons = {
  label: 'Reason',
  keep: 'Keep it',
  cancel: {
    action: 'Cancel booking',
    of: (name: string) => `Cancel ${name}’s booking`,
    title: 'Cancel this booking?',
    body: (name: string) => `${name} will be told the reason by e-mail, and the tickets go back on sale.`,
    hint: 'The customer sees it, and it’s kept permanently: leave out anything personal.',
    confirm: 'Cancel booking',
    done: (name: string) => `${name}’s booking is cancelled.`,
  },
  undo: {
    action: 'Undo',
    of: (ticket: string, name: string) => `Undo check-in of ${ticket}, ${name}`,
    title: 'Undo this check-in?',
    body: (name: string) => `${name}’s ticket can then be checked in again.`,
    hint: 'It’s kept permanently: leave out anything personal.',
    confirm: 'Undo check-in',
    done: (name: string) => `${name}’s check-in was undone.`,
  },
  failed: 'That didn’t work',
}

export const csv = {
  action: 'Download CSV',
  semicolons: 'Separate columns with semicolons',
  label: 'Download of attendees',
  rows: (received: number, total: number) => `${formatNumber(received)} of ${plural(total, 'ticket')}`,
}

export const sell = {
  title: 'Sell here',
  about: 'Book tickets for someone who has an account. They’ll get them by e-mail.',
  email: 'Customer’s e-mail',
  type: 'Ticket type',
  quantity: 'Tickets',
  submit: 'Book tickets',
  pending: 'Booking…',
  done: (tickets: number, email: string) => `Booked ${plural(tickets, 'ticket')} for ${email}.`,
  refused: {
    user_not_found: 'No account uses this e-mail address. Ask them to register first.',
    email_not_verified:
      'This e-mail address hasn’t been confirmed yet. They can confirm it with the link we’ve sent them.',
    already_booked: 'This person already has tickets for this event.',
    already_holding: 'This person has already reserved tickets, and can book those.',
    already_waiting: 'This person is on the waiting list, and will be offered tickets in turn.',
    too_many_bookings: 'This person has booked and cancelled this event too many times.',
    limit_per_customer: 'That’s more tickets than one person can get.',
  } as Record<string, string>,
}

export const message = {
  title: 'Message to attendees',
  about: 'Sent by e-mail to everyone who has tickets now. You can send up to five a day.',
  subject: 'Subject',
  text: 'Text',
  hint: 'Up to 2,000 characters. Replies won’t reach you, so say how to get in touch.',
  submit: 'Send message',
  confirm: {
    title: 'Send this message?',
    body: 'It goes to everyone who has tickets, and can’t be taken back.',
    keep: 'Not yet',
    confirm: 'Send',
    pending: 'Sending…',
  },
  done: (people: number) => `Sent to ${plural(people, 'person', 'people')}.`,
  sent: 'Sent messages',
  by: (name: string, time: string, people: number) =>
    `${name || attendees.deleted}, ${time}, to ${plural(people, 'person', 'people')}`,
  none: 'Nothing has been sent yet.',
  failed: 'Messages couldn’t be loaded',
}
