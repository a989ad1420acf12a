import { plural } from '@/lib/format'

// The sentences of one event's page, which the list need not load.

export const details = {
  page: 'Event',
  all: 'All events',
  missingTitle: 'Event not found',
  missing: 'Check the link for typos. This event may not exist.',
  browse: 'Browse events',
  failed: 'The event couldn’t be loaded',
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
  opens: 'On sale from',
  closes: 'On sale until',
  closed: 'The sale ended on',
  draft: 'This is a draft. Only organizers can see it.',
} as const

export const tools = {
  title: 'For organizers',
  desk: 'Sales and attendees',
  edit: 'Edit event',
  publish: 'Publish event',
  publishing: 'Publishing…',
  published: (title: string) => `${title} is published.`,
  notPublished: 'The event wasn’t published.',
  cancel: 'Cancel event',
  cancelTitle: 'Cancel this event?',
  keep: 'Keep event',
  cancelling: 'Cancelling...',
  consequence: 'will no longer be bookable.',
  sold: (sold: number) => (sold > 0 ? `${plural(sold, 'ticket')} ${sold === 1 ? 'is' : 'are'} sold. ` : ''),
  final: 'This can’t be undone.',
  cancelled: (title: string) => `${title} is cancelled.`,
  notCancelled: 'The event wasn’t cancelled.',
} as const
