import { formatNumber } from '@/lib/format'

// Every sentence about webhooks.

export const texts = {
  title: 'Webhooks',
  lead: 'Let your programs know what happens at your events, as it happens: we send signed messages to an address of yours.',
  failed: 'Your webhooks couldn’t be loaded',
  none: 'No webhooks yet',
  noneText: 'Add an address, and we’ll tell it about every booking, cancellation and check-in.',
  most: (n: number) => `You can have ${formatNumber(n)} webhooks. Delete one to add another.`,
  notDone: 'That didn’t work. Please try again.',
} as const

export const adding = {
  open: 'Add a webhook',
  about: 'It’s told of what happens from now on.',
  url: 'Address',
  urlHint: 'A public address that begins with https://',
  urlMissing: 'Enter an address.',
  events: 'Events',
  allEvents: 'All that I own or manage',
  oneEvent: (title: string, date: string) => `${title} · ${date}`,
  what: 'What to tell it',
  everything: 'Everything',
  some: 'Only what I choose',
  noneChosen: 'Choose at least one.',
  submit: 'Add',
  submitting: 'Adding…',
} as const

export const secret = {
  title: 'Your secret',
  about: 'We sign messages with it, so you can tell they’re from us. It won’t be shown again.',
  rotated: 'For 24 hours, messages are signed with the old secret too.',
  label: 'Secret',
  copy: 'Copy',
  copied: 'Copied',
  done: 'I’ve saved it',
} as const

export const item = {
  status: { active: 'Active', paused: 'Paused', failing: 'Switched off', gone: 'Switched off' },
  failing:
    'Messages no longer got through, so we’ve stopped sending. They’re kept, and sent once you resume.',
  gone: 'The address asked us to stop (410 Gone). Messages aren’t kept for it.',
  pausedText: 'Messages are kept for 30 days, and sent once you resume.',
  trouble: 'Failing since',
  everything: 'Everything',
  oneEvent: 'One event only',
  onlyAt: 'Only',
  test: 'Send a test',
  tested: 'The test is on its way.',
  pause: 'Pause',
  resume: 'Resume',
  rotate: 'New secret',
  remove: 'Delete',
  removed: 'The webhook was deleted.',
  of: (url: string) => `: ${url}`,
  question: 'Delete this webhook?',
  consequence: 'Nothing more will be sent to it, and its deliveries will be deleted.',
  keep: 'Keep it',
  removing: 'Deleting…',
} as const

export const deliveries = {
  title: 'Deliveries',
  failed: 'The deliveries couldn’t be loaded',
  none: 'Nothing was sent in the last 30 days.',
  status: { pending: 'Waiting', delivered: 'Delivered', failed: 'Given up' },
  code: (code: number) => `Response ${code}`,
  took: (ms: number) => `${formatNumber(ms)} ms`,
  attempts: (n: number) => (n === 1 ? '1 attempt' : `${formatNumber(n)} attempts`),
  next: 'Next attempt',
  again: 'Send again',
  sentAgain: 'It’s sent again.',
  more: 'Show more',
} as const

/** What can be told, in the order of the form. */
export const types = [
  ['booking.confirmed', 'Booking confirmed'],
  ['booking.cancelled', 'Booking cancelled'],
  ['ticket.checked_in', 'Ticket checked in'],
  ['ticket.check_in_undone', 'Check-in undone'],
  ['event.scheduled', 'Event scheduled'],
  ['event.published', 'Event published'],
  ['event.changed', 'Event changed'],
  ['event.capacity_changed', 'Number of tickets changed'],
  ['event.cancelled', 'Event cancelled'],
  ['hold.created', 'Tickets reserved'],
  ['hold.released', 'Reservation given back'],
  ['hold.lapsed', 'Reservation ended'],
  ['waitlist.joined', 'Waiting list joined'],
  ['waitlist.left', 'Waiting list left'],
  ['offer.made', 'Tickets offered'],
  ['offer.declined', 'Offer declined'],
  ['offer.lapsed', 'Offer ended'],
] as const

const names: Readonly<Record<string, string>> = { ...Object.fromEntries(types), 'webhook.test': 'Test' }

/** A newer server may have types that are not known here. */
export const nameOfType = (type: string) => names[type] ?? type
