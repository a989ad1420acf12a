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
  failed: 'Attendees could not be loaded',
  none: 'Nobody has booked yet',
  noneHint: 'Attendees appear here with the first booking.',
  noMatch: 'Nobody matches',
  noMatchHint: 'Try other words, or fewer filters.',
  clear: 'Clear filters',
}

export const reasons = {
  label: 'Reason',
  keep: 'Keep it',
  cancel: {
    action: 'Cancel booking',
    of: (name: string) => `Cancel the booking of ${name}`,
    title: 'Cancel this booking?',
    body: (name: string) => `${name} gets a mail with the reason, and the tickets go back on sale.`,
    hint: 'Kept for good: write nothing personal.',
    confirm: 'Cancel booking',
    done: (name: string) => `The booking of ${name} is cancelled.`,
  },
  undo: {
    action: 'Undo',
    of: (ticket: string, name: string) => `Undo the check-in of ${ticket}, ${name}`,
    title: 'Undo this check-in?',
    body: (name: string) => `The ticket of ${name} can be checked in again.`,
    hint: 'Kept for good: write nothing personal.',
    confirm: 'Undo check-in',
    done: (name: string) => `The check-in of ${name} was undone.`,
  },
  failed: 'That did not work',
}

export const csv = {
  action: 'Download CSV',
  label: 'Download of attendees',
  rows: (received: number, total: number) => `${formatNumber(received)} of ${plural(total, 'ticket')}`,
}

export const sell = {
  title: 'Sell here',
  about: 'Book tickets for somebody who has an account. They get the tickets by mail.',
  email: 'E-mail of the customer',
  type: 'Ticket type',
  quantity: 'Tickets',
  submit: 'Book tickets',
  pending: 'Booking…',
  done: (tickets: number, email: string) => `Booked ${plural(tickets, 'ticket')} for ${email}.`,
  refused: {
    user_not_found: 'Nobody has an account with this e-mail address. They can register first.',
    email_not_verified:
      'This e-mail address is not confirmed yet. They can confirm it with the link in their mail.',
    already_booked: 'This person already has tickets for this event.',
    already_holding: 'This person has reserved tickets already, and can book those.',
    already_waiting: 'This person is on the waiting list, and is offered tickets in turn.',
    too_many_bookings: 'This person has booked and cancelled this event too many times.',
    limit_per_customer: 'This is more than one person can have.',
  } as Record<string, string>,
}

export const message = {
  title: 'Message to attendees',
  about: 'Goes by mail to everybody who has tickets now. Up to five a day.',
  subject: 'Subject',
  text: 'Text',
  hint: 'Up to 2,000 characters. Answers do not reach you: write how you can be reached.',
  submit: 'Send message',
  confirm: {
    title: 'Send this message?',
    body: 'It goes to everybody who has tickets, and can’t be taken back.',
    keep: 'Not yet',
    confirm: 'Send',
    pending: 'Sending…',
  },
  done: (people: number) => `Sent to ${plural(people, 'person', 'people')}.`,
  sent: 'Sent messages',
  by: (name: string, time: string, people: number) =>
    `${name || attendees.deleted}, ${time}, to ${plural(people, 'person', 'people')}`,
  none: 'Nothing has been sent yet.',
  failed: 'Messages could not be loaded',
}
