import { formatNumber, plural } from '@/lib/format'

// Every sentence of the form for events: only organizers load it.

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
