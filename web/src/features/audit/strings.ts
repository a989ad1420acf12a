import { formatNumber, plural } from '@/lib/format'

const entries = (n: number) => plural(n, 'entry', 'entries')

/** The sentences of the audit pages. A record of the log is an entry here, and a stream a history. */
export const texts = {
  title: 'Audit',
  lead: 'Every event has a complete history: what happened, when, and who did it. Entries are only ever added, never changed or deleted. Access is logged as well.',
  untitled: 'Untitled event',

  list: {
    label: 'Event histories',
    search: 'Search by title or ID',
    total: (n: number) => `${plural(n, 'event')} on record`,
    found: (n: number, search: string) => `${plural(n, 'event')} found for ${search}`,
    entries,
    lastEntry: 'Last entry:',
    left: (left: number, capacity: number) => `${formatNumber(left)} of ${plural(capacity, 'ticket')} left`,
    none: 'No events found',
    noMatch: 'No events match',
    empty: 'Nothing has been recorded yet.',
    all: 'Show all events',
    first: 'First page',
    next: 'Next page',
    failed: 'The histories couldn’t be loaded',
    loading: 'Loading the histories',
  },

  status: { SCHEDULED: 'Scheduled', CANCELLED: 'Cancelled', other: 'Not scheduled' },

  history: {
    pageTitle: (title: string) => `History of ${title}`,
    loading: 'Loading the history',
    back: 'All events',
    missing: 'This event isn’t on record',
    missingBody: 'No event with this ID was ever recorded.',
    failed: 'The history couldn’t be loaded',
    chartsFailed: 'The charts couldn’t be loaded',
    entriesFailed: 'These entries couldn’t be loaded',
    momentFailed: 'This moment couldn’t be loaded',
  },

  slider: {
    label: 'Moment in time',
    region: 'Time travel',
    entry: 'Entry',
    of: (newest: number) => `of ${formatNumber(newest)}`,
    value: (n: number, newest: number) => `Entry ${formatNumber(n)} of ${formatNumber(newest)}`,
    previous: 'Previous entry',
    next: 'Next entry',
  },

  moment: {
    title: 'At that moment',
    unreadable: 'One earlier entry couldn’t be read and isn’t included here.',
    status: 'Status',
    left: 'Tickets left',
    sold: 'Tickets sold',
    soldOf: (sold: number, capacity: number) => `${formatNumber(sold)} of ${formatNumber(capacity)}`,
    bookings: 'Bookings so far, with cancelled ones',
    name: 'Title',
    date: 'Date',
    venue: 'Venue',
    price: 'Price',
  },

  details: {
    title: 'Technical details of this entry',
    event: 'Event ID',
    version: 'Version in this history',
    position: 'Position in the log',
    type: 'Type',
    typeOf: (type: string, version: number) => `${type}, schema version ${version}`,
    time: 'Recorded',
    actor: 'Done by user',
    unknownActor: 'unknown',
    hash: 'Hash',
    stored: 'As stored',
    proof: 'Download proof',
    proofOf: (n: number) => ` of entry ${n}`,
    proofHint: 'The proof shows, without access to this system, that this entry is part of the signed log.',
  },

  timeline: {
    title: 'Timeline',
    range: (first: number, last: number, of: number) =>
      `Entries ${formatNumber(first)} to ${formatNumber(last)} of ${formatNumber(of)}`,
    entry: (n: number) => `Entry ${n}:`,
    left: (left: number) => `${formatNumber(left)} left`,
  },

  record: {
    customer: (id: string | undefined) => (id ? `Customer ${id.slice(-4)}` : 'A customer'),
    scheduled: (capacity: number) => `The event was scheduled with ${plural(capacity, 'ticket')}`,
    details: 'The event’s details were changed',
    capacity: (capacity: number) => `The number of tickets was changed to ${formatNumber(capacity)}`,
    cancelled: 'The event was cancelled',
    booked: (who: string) => `${who} booked a ticket`,
    bookedFor: (who: string) => `A ticket was booked for ${lower(who)}`,
    bookingCancelled: (who: string) => `${who} cancelled a booking`,
    bookingCancelledFor: (who: string) => `A booking of ${lower(who)} was cancelled`,
  },

  charts: {
    remaining: 'Tickets left over time',
    remainingLabel: (first: number, last: number) =>
      `Line chart of tickets left: ${formatNumber(first)} at first, ${formatNumber(last)} in the end`,
    line: 'Tickets left',
    rush: 'The busiest minute',
    rushLabel: (from: string, most: number) =>
      `Bar chart of bookings per second in the minute from ${from}: at most ${formatNumber(most)}`,
    rushCaption: 'Bookings per second; seconds without bookings are left out',
    bar: 'Bookings',
    none: 'No tickets have been booked yet.',
    asTable: 'Show as a table',
    head: { time: 'Time', entry: 'Entry', left: 'Tickets left', second: 'Second', bookings: 'Bookings' },
  },

  verify: {
    label: 'Verification',
    hint: 'Recomputes the fingerprint of every entry and compares it with the one stored when it was written. Even the smallest later change would show.',
    one: 'Verify this history',
    all: 'Verify all histories',
    busy: 'Verifying…',
    progress: 'Progress',
    checked: (done: number, total: number) => `${formatNumber(done)} of ${entries(total)} checked`,
    comparing: 'All entries are checked. Comparing them with the tickets and bookings that people see.',
    lost: 'The result is no longer available. Please verify again.',
    otherBefore: 'Another verification was already running, of',
    otherHistory: 'another history',
    otherAll: 'all histories',
    otherAfter: 'This is its result. You can start yours when it has finished.',
    broken: 'The verification couldn’t be completed.',
    passed: 'No problems found',
    passedBody: (n: number) =>
      n === 1
        ? 'The entry was checked. It hasn’t been changed.'
        : `All ${formatNumber(n)} entries were checked. None is missing, changed or out of order.`,
    unsigned: 'Signatures weren’t checked, because no key is available.',
    problems: (n: number) => `${plural(n, 'problem')} found, earliest first`,
    more: (n: number) => `And ${formatNumber(n)} more.`,
    place: (position: number, version: number) =>
      version ? `Entry ${formatNumber(version)}` : `Position ${formatNumber(position)}`,
    details: 'Technical details',
    took: (n: number, seconds: number) => `${entries(n)} checked in ${seconds.toFixed(2)} s`,
    checkpoints: (n: number) => `${plural(n, 'signed checkpoint')} compared`,
    readModel: (rows: number, name: string) => `${plural(rows, 'row')} of the read model “${name}” compared`,
  },

  export: {
    one: 'Download this history',
    all: 'Download all histories',
    hint: 'A file with every entry, which can be checked without this system.',
    as: (format: string) => `Export as ${format}`,
  },
} as const

const lower = (who: string) => who.charAt(0).toLowerCase() + who.slice(1)
