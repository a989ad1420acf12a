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
  failed: 'Events can’t be shown',
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
  cancelled: 'Cancelled',
  past: 'Past event',
  soldOut: 'Sold Out',
  last: 'Last ticket',
  left: (left: number, isScarce: boolean) => `${isScarce ? 'Only ' : ''}${plural(left, 'ticket')} left`,
  label: 'Tickets left',
  share: (left: number, total: number) => `${formatNumber(left)} of ${formatNumber(total)} tickets left`,
} as const

export const counts = {
  live: 'Live counts',
  connecting: 'Connecting…',
  polling: 'Counts refresh every 5 seconds',
  stale: (time: string) => `Not up to date: counts as of ${time}`,
} as const

export const details = {
  page: 'Event',
  all: 'All events',
  missingTitle: 'There is no such event',
  missing: 'Check the link for typos. This event may not exist.',
  browse: 'Browse events',
  failed: 'The event can’t be shown',
  when: 'When',
  where: 'Where',
  organizer: 'Organizer',
  yourTime: 'your time',
  map: 'Show on a map',
  share: 'Share',
  copied: 'Link copied.',
  notCopied: 'The link can’t be copied. Copy it from the address bar.',
  calendar: 'Add to calendar',
  about: 'About this event',
  tickets: 'Tickets',
  each: 'per ticket',
} as const

export const tools = {
  title: 'For organizers',
  edit: 'Edit event',
  cancel: 'Cancel event',
  cancelTitle: 'Cancel this event?',
  keep: 'Keep event',
  cancelling: 'Cancelling...',
  consequence: 'will no longer be bookable.',
  sold: (sold: number) => (sold > 0 ? `${plural(sold, 'ticket')} ${sold === 1 ? 'is' : 'are'} sold. ` : ''),
  final: 'This can’t be undone.',
  cancelled: (title: string) => `${title} is cancelled.`,
  notCancelled: 'The event was not cancelled.',
} as const

export const form = {
  schedulePage: 'Schedule an event',
  schedule: 'Schedule event',
  scheduling: 'Scheduling…',
  scheduled: (title: string) => `${title} is scheduled.`,
  editPage: 'Edit event',
  save: 'Save changes',
  saving: 'Saving…',
  saved: 'Changes saved.',
  back: 'Back',
  about: 'About the event',
  time: 'Time and place',
  sale: 'Sale',
  title: 'Title',
  description: 'Description (optional)',
  category: 'Category (optional)',
  noCategory: 'None',
  organizer: 'Organizer’s name (optional)',
  venue: 'Venue',
  starts: 'Date and time at the venue',
  ends: 'Ends (optional)',
  which: 'Which one?',
  whichHint: 'The clocks go back that night, so this time comes twice.',
  readings: ['First, before the clocks go back', 'Second, after the clocks go back'],
  zone: 'Time zone of the venue',
  tickets: 'Tickets',
  price: 'Price',
  currency: 'Currency',
  soldBefore: (sold: number, price: string) =>
    `${plural(sold, 'ticket')} ${sold === 1 ? 'was' : 'were'} sold at ${price}. Only new bookings get the new price.`,
  enterTitle: 'Enter a title.',
  enterVenue: 'Enter a venue.',
  enterTime: 'Enter a date and a time.',
  skipped: 'That time doesn’t exist: clocks go forward then.',
  endsFirst: 'The event must end after it starts.',
  chooseZone: 'Choose a time zone.',
  unknownZone: 'Your browser doesn’t know this time zone. Try a newer one.',
  enterTickets: 'Enter a whole number of at least 1.',
  enterPrice: 'Enter an amount such as 25 or 49.99, or 0 if it’s free.',
  chooseCurrency: 'Choose a currency.',
  atMost: (most: number) => `Use at most ${formatNumber(most)} characters.`,
  belowSold: 'You’ve already sold more tickets than that.',
  isCancelled: 'This event has been cancelled and can no longer be edited.',
  forbidden: 'You don’t have permission to edit this event.',
  conflict:
    'Someone else edited this event while you were working. Nothing has been saved yet. Your own edits stay when you load theirs.',
  loadTheirs: 'Load their changes',
  theirs: (value: string) => `Saved by someone else: ${value}`,
  nothing: 'nothing',
} as const

export const image = {
  label: 'Image (optional)',
  hint: 'JPEG, PNG or WebP, up to 8 MB. Without one, we’ll draw a poster.',
  choose: 'Choose an image',
  change: 'Change image',
  remove: 'Remove image',
  uploading: 'Uploading…',
  uploaded: 'Image uploaded.',
  wrongType: 'Choose a JPEG, PNG or WebP image.',
  tooLarge: 'Choose an image of at most 8 MB.',
} as const

export const unsaved = {
  title: 'Leave without saving?',
  text: 'What you’ve changed on this page will be lost.',
  stay: 'Keep editing',
  leave: 'Discard changes',
} as const
