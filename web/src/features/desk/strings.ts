import { formatNumber, plural } from '@/lib/format'

// Every sentence at the desk, in one place for translators.

export const list = {
  title: 'Desk',
  lead: 'What your events sell, who comes, and the door.',
  schedule: 'Schedule an event',
  webhooks: 'Webhooks',
  label: 'Events',
  search: 'Search your events by title or venue',
  show: { upcoming: 'Upcoming', all: 'All events' },
  which: 'Which events',
  found: (total: number, search: string) => `${plural(total, 'event')}${search && ` found for ${search}`}`,
  failed: 'Your events can’t be shown',
  loading: 'Loading your events',
  more: 'Load more',
  noneTitle: 'No events here',
  none: 'Events that you schedule, or that others let you help with, are listed here.',
  noneUpcoming: 'None of your events is still to come.',
  noneCalled: (search: string) => `None of your events matches “\u2068${search}\u2069”.`,
  showAll: 'Show all events',
} as const

export const event = {
  page: 'Desk',
  pageTitle: (title: string) => `${title} at the desk`,
  sales: 'Sales',
  attendees: 'Attendees',
  messages: 'Messages',
  back: 'All events at the desk',
  views: 'Parts of the desk',
  missingTitle: 'There is no such event',
  missing: 'Check the link for typos. This event may not exist.',
  othersTitle: 'This isn’t your event',
  others: 'Only those who organize an event see its desk. Its owner can give you a role there.',
  failed: 'The desk can’t be shown',
  loading: 'Loading the desk',
  status: { DRAFT: 'Draft', CANCELLED: 'Cancelled', SCHEDULED: '' },
  roles: {
    owner: '',
    admin: '',
    manage: 'You manage it',
    sell: 'You sell',
    check_in: 'You check tickets in',
  },
  doorOnly: 'You check tickets in at this event. Its owner can let you see more.',
} as const

export const tools = {
  title: 'Actions',
  door: 'Open the door',
  edit: 'Edit event',
  page: 'Public page',
  duplicate: 'Duplicate',
} as const

export const counts = {
  title: 'Tickets',
  sold: 'Sold',
  held: 'Held',
  waiting: 'Waiting',
  checkedIn: 'Checked in',
  of: (n: number) => `of ${formatNumber(n)}`,
  heldHint: 'reserved or offered',
  waitingHint: 'on the waiting list',
} as const

export const revenue = {
  title: 'Revenue',
  hint: 'What confirmed bookings come to, at the prices when they were made.',
  none: 'Nothing is sold yet.',
  head: { type: 'Ticket type', tickets: 'Sold', amount: 'Revenue' },
  total: 'Total',
  unknown: 'price not on record',
  type: (id: number) => `Ticket type ${id}`,
} as const

export const sales = {
  title: 'Sales over time',
  by: 'Show by',
  intervals: { day: 'Day', hour: 'Hour, last 31 days' },
  failed: 'The sales can’t be shown',
  none: 'Nothing was sold in this time.',
  label: (tickets: number, from: string, to: string) =>
    `Tickets sold and given back over time: ${plural(tickets, 'ticket')} sold from ${from} to ${to}`,
  caption: 'Sales over time; times without sales are left out',
  head: {
    time: 'From',
    bookings: 'Bookings',
    sold: 'Tickets sold',
    returned: 'Given back',
    amount: 'Sold for',
  },
  sold: 'Tickets sold',
  returned: 'Given back',
  zone: (zone: string) => `Times are those of the venue (${zone}).`,
  rush: 'The busiest hour',
  rushLabel: (at: string, most: number) =>
    `Bookings per minute around ${at}, when there were the most: ${formatNumber(most)} in one minute`,
  rushCaption: 'Bookings per minute; minutes without bookings are left out',
  rushHead: { minute: 'Minute', bookings: 'Bookings', tickets: 'Tickets' },
  bookings: 'Bookings',
} as const
