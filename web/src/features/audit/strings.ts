import { formatNumber, plural } from '@/lib/format'

const entries = (n: number) => plural(n, 'entry', 'entries')
const tickets = (n: number) => plural(n, 'ticket')

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

  status: { SCHEDULED: 'Scheduled', CANCELLED: 'Cancelled', DRAFT: 'Draft', other: 'Not scheduled' },

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
    held: 'Tickets reserved or offered',
    waiting: 'On the waiting list',
    bookings: 'Bookings so far, with cancelled ones',
    type: (sold: number, held: number, left: number) =>
      `${formatNumber(sold)} sold, ${formatNumber(held)} reserved, ${formatNumber(left)} left`,
    holds: 'Reservations and offers',
    hold: (who: string, n: number, offered: boolean) =>
      `${who}: ${tickets(n)} ${offered ? 'offered' : 'reserved'} until`,
    waitlist: 'Waiting list, in its order',
    entry: (who: string, n: number) => `${who}: ${tickets(n)}`,
    more: (n: number) => `And ${formatNumber(n)} more.`,
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
    scheduled: (capacity: number) => `The event was scheduled with ${tickets(capacity)}`,
    drafted: (capacity: number) => `The event was prepared as a draft with ${tickets(capacity)}`,
    published: 'The event was published',
    details: 'The event’s details were changed',
    capacity: (capacity: number) => `The number of tickets was changed to ${formatNumber(capacity)}`,
    cancelled: 'The event was cancelled',
    booked: (who: string, n: number) => `${who} booked ${some(n)}`,
    bookedFor: (who: string, n: number) =>
      n === 1 ? `A ticket was booked for ${lower(who)}` : `${tickets(n)} were booked for ${lower(who)}`,
    bookingCancelled: (who: string) => `${who} cancelled a booking`,
    bookingCancelledFor: (who: string) => `A booking of ${lower(who)} was cancelled`,
    held: (who: string, n: number) => `${who} reserved ${some(n)}`,
    heldAgain: (who: string, n: number) => `${who} renewed a reservation of ${some(n)}`,
    confirmed: (who: string, n: number) => `${who} booked ${some(n)} that ${were(n)} reserved`,
    accepted: (who: string, n: number) => `${who} accepted ${some(n)} from the waiting list`,
    released: (who: string, n: number) => `${who} gave back ${some(n)} that ${were(n)} reserved`,
    lapsed: (who: string, n: number) => `A reservation of ${some(n)} by ${lower(who)} ran out`,
    joined: (who: string, n: number) => `${who} joined the waiting list for ${some(n)}`,
    left: (who: string) => `${who} left the waiting list`,
    offered: (who: string, n: number) =>
      n === 1 ? `A ticket was offered to ${lower(who)}` : `${tickets(n)} were offered to ${lower(who)}`,
    declined: (who: string, n: number) => `${who} declined an offer of ${some(n)}`,
    offerLapsed: (who: string, n: number) => `An offer of ${some(n)} to ${lower(who)} ran out`,
    checkedIn: 'A ticket was checked in at the door',
    checkInUndone: 'A check-in was undone',
    user: (id: string | undefined) => (id ? `User ${id.slice(-4)}` : 'A user'),
    organizerAdded: (who: string) => `${who} was added to the event’s team`,
    organizerRemoved: (who: string) => `${who} was removed from the event’s team`,
    messageSent: (people: number) => `A message was sent to ${plural(people, 'person', 'people')}`,
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

  fairness: {
    title: 'Waiting list',
    hint: 'Tickets that become free go to the first person on the waiting list for whom they’re enough. This goes through the entries and checks it for each of them.',
    check: 'Check the waiting list',
    checking: 'Checking…',
    failed: 'The waiting list couldn’t be checked',
    fair: 'Everybody got their turn',
    fairBody: (freed: number, offers: number) =>
      `Tickets became free ${times(freed)}, and ${plural(offers, 'offer was', 'offers were')} made, each to the right person.`,
    none: 'No tickets have become free so far.',
    unfair: (n: number) => `${plural(n, 'problem')} found, earliest first`,
    steps: 'Tickets that became free, and offers',
    entry: (n: number) => `Entry ${formatNumber(n)}`,
    freed: (free: number, waiting: number) => `${tickets(free)} free, ${formatNumber(waiting)} waiting`,
    outcome: {
      offered: 'Offered to those waiting',
      'nobody waits': 'Nobody was waiting',
      'not enough': 'Not enough for anybody waiting',
      'not on sale': 'Not offered, because the event wasn’t on sale',
      'passed over': 'Not offered, though somebody was waiting',
    },
    freedBy: (who: string | undefined, n: number) =>
      who ? `${who} gave back ${some(n)}` : 'The organizer made tickets available',
    expired: (who: string, n: number) => `${who} ran out of time for ${some(n)}`,
    offered: (who: string, n: number) => `${some(n, true)} offered to ${lower(who)}`,
    reason: (number: number, before: number) =>
      before === 0
        ? `Number ${formatNumber(number)} to join, and first in line`
        : `Number ${formatNumber(number)} to join. ${plural(before, 'person', 'people')} waited longer and wanted more than was free:`,
    skipped: (number: number, n: number, free: number, others: number) =>
      `Number ${formatNumber(number)}${others > 0 ? ` and ${formatNumber(others)} more` : ''} wanted ${tickets(n)}; ${formatNumber(free)} free`,
    earlier: 'Show the first ones again',
    later: 'Show later ones',
  },

  export: {
    one: 'Download this history',
    all: 'Download all histories',
    hint: 'A file with every entry, which can be checked without this system.',
    as: (format: string) => `Export as ${format}`,
  },
} as const

const some = (n: number, begins = false) => (n === 1 ? `${begins ? 'A' : 'a'} ticket` : tickets(n))
const were = (n: number) => (n === 1 ? 'was' : 'were')
const times = (n: number) => (n === 1 ? 'once' : plural(n, 'time'))
const lower = (who: string) => who.charAt(0).toLowerCase() + who.slice(1)
