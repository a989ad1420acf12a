import { formatNumber, plural } from '@/lib/format'

// Every sentence on the pages of events, in one place for translators.

export const categories = {
  music: 'Music',
  theatre: 'Theatre',
  comedy: 'Comedy',
  film: 'Film',
  sport: 'Sport',
  talk: 'Talks',
  workshop: 'Workshops',
  festival: 'Festivals',
  family: 'Family',
  other: 'Other',
} as const

export type Category = keyof typeof categories

export const list = {
  title: 'Events',
  schedule: 'Schedule an event',
  loading: 'Loading events',
  choose: 'Choose tickets',
  from: 'From',
  failed: 'The events couldn’t be loaded',
  region: 'Events',
  search: 'Search events by title or venue',
  found: (total: number, search: string) => `${plural(total, 'event')} found${search && ` for ${search}`}`,
  noneTitle: 'No events found',
  noneOnSale: 'There’s nothing on sale right now. Check back soon.',
  noneMatch: 'No events match your filters.',
  noneCalled: (search: string) => `No events match “\u2068${search}\u2069”.`, // its direction is its own
  showAll: 'Show all events',
  sortLabel: 'Sort by',
  sorts: {
    'date-asc': 'Date: soonest first',
    'date-desc': 'Date: latest first',
    'price-asc': 'Price: low to high',
    'price-desc': 'Price: high to low',
    'title-asc': 'Title: A to Z',
    'title-desc': 'Title: Z to A',
  },
} as const

export const filters = {
  open: 'Filters',
  active: (count: number) => `, ${count} active`,
  clear: 'Clear filters',
  when: 'When',
  whens: {
    any: 'Any date',
    today: 'Today',
    weekend: 'This weekend',
    dates: 'Choose dates',
  },
  from: 'From',
  to: 'To',
  category: 'Category',
  anyCategory: 'All categories',
  price: 'Price',
  prices: { any: 'Any price', free: 'Free', most: 'Up to…' },
  most: 'Highest price',
  currency: 'Currency',
  available: 'Available only',
} as const

export const availability = {
  phases: {
    draft: 'Draft',
    cancelled: 'Cancelled',
    begun: 'Past event',
    not_open: 'Not on sale yet',
    closed: 'Sale ended',
  },
  soldOut: 'Sold Out',
  last: 'Last ticket',
  left: (left: number, isScarce: boolean) => `${isScarce ? 'Only ' : ''}${plural(left, 'ticket')} left`,
  label: 'Tickets left',
  leftOf: (total: number) => (total === 1 ? 'ticket left' : 'tickets left'),
  share: (left: number, total: number) => `${formatNumber(left)} of ${plural(total, 'ticket')} left`,
} as const

export const counts = {
  live: 'Live counts',
  connecting: 'Connecting…',
  polling: 'Counts refresh every 5 seconds',
  stale: (time: string) => `Not up to date: counts as of ${time}`,
} as const
