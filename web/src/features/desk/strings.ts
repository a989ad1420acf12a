import { formatNumber, plural } from '@/lib/format'

// Every sentence at the desk, in one place for translators.

export const list = {
  title: 'Desk',
  lead: 'Sales, attendees and check-in for your events.',
  schedule: 'Schedule an event',
  webhooks: 'Webhooks',
  label: 'Events',
  search: 'Search your events by title or venue',
  show: { upcoming: 'Upcoming', all: 'All events' },
  which: 'Which events',
  found: (total: number, search: string) => `${plural(total, 'event')}${search && ` found for ${search}`}`,
  failed: 'Your events couldn’t be loaded',
  loading: 'Loading your events',
  more: 'Load more',
  noneTitle: 'No events found',
  none: 'Events you schedule or help with will appear here.',
  noneUpcoming: 'You have no upcoming events.',
  noneCalled: (search: string) => `No events match “\u2068${search}\u2069”.`,
  showAll: 'Show all events',
} as const

export const event = {
  page: 'Desk',
  pageTitle: (title: string) => `Desk: ${title}`,
  sales: 'Sales',
  attendees: 'Attendees',
  messages: 'Messages',
  back: 'All your events',
  views: 'Desk',
  missingTitle: 'Event not found',
  missing: 'Check the link for typos. This event may not exist.',
  othersTitle: 'This isn’t your event',
  others: 'Only its organizers and their team can see the desk. Ask an organizer to add you.',
  failed: 'The desk couldn’t be loaded',
  loading: 'Loading the desk',
  status: { DRAFT: 'Draft', CANCELLED: 'Cancelled', SCHEDULED: '' },
  roles: {
    owner: '',
    admin: '',
    manage: 'You manage this event',
    sell: 'You sell tickets',
    check_in: 'You check in tickets',
  },
  doorOnly: 'You check in tickets at this event. Ask its organizer if you need to see more.',
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
  hint: 'The total of confirmed bookings, at the prices they were booked for.',
  none: 'Nothing sold yet.',
  head: { type: 'Ticket type', tickets: 'Sold', amount: 'Revenue' },
  total: 'Total',
  unknown: 'price not on record',
  type: (id: number) => `Ticket type ${id}`,
} as const

export const sales = {
  title: 'Sales over time',
  by: 'Show by',
  intervals: { day: 'Day', hour: 'Hour, last 31 days' },
  failed: 'Sales couldn’t be loaded',
  none: 'No sales in this period.',
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
  zone: (zone: string) => `Times are local to the venue (${zone}).`,
  rush: 'The busiest hour',
  rushLabel: (at: string, most: number) =>
    `Bookings per minute around ${at}: ${formatNumber(most)} at the peak`,
  rushCaption: 'Bookings per minute; minutes without bookings are left out',
  rushHead: { minute: 'Minute', bookings: 'Bookings', tickets: 'Tickets' },
  bookings: 'Bookings',
} as const
