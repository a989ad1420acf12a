/** The sentences of the shell, which all pages share. Each feature has a file like this one. */
export const strings = {
  skipToContent: 'Skip to content',
  needsScripts: 'Boxoffice needs JavaScript to show live ticket counts and to book.',
  signIn: 'Sign in',
  tryAgain: 'Try again',
  ticket: 'Ticket',
  tickets: 'Tickets',
  total: 'Total',
  close: 'Close',
  clearSearch: 'Clear search',
  asTable: 'Show as a table',
  switchTheme: 'Switch between light and dark',
  /** Instead of booking, by the phase of the sale. */
  notOpen: {
    draft: 'Draft',
    cancelled: 'Cancelled',
    begun: 'Sale ended',
    not_open: 'Not on sale yet',
    closed: 'Sale ended',
  },
  notFound: {
    title: 'Page not found',
    body: 'Check the address for a typo, or start from the list of events.',
    action: 'Browse events',
  },
  crash: {
    title: 'Something went wrong',
    body: 'Sorry, that’s on us. If you were booking or cancelling, check My bookings before trying again.',
    action: 'Reload page',
    loading: 'Loading the page',
  },
  pages: {
    label: 'Pages',
    previous: 'Previous',
    next: 'Next',
    page: 'Page',
    of: 'of',
  },
  failures: {
    unexpected: 'Something unexpected happened. Please try again.',
    needsHttps: 'This needs a secure connection. Open the box office with https.',
    network: 'The box office can’t be reached. Check your connection and try again.',
    unreadable: 'The box office sent an unexpected response.',
    server: 'Something went wrong at the box office. Please try again.',
    tooMany: (seconds: number | undefined) =>
      seconds
        ? `Too many attempts. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
        : 'Too many attempts. Please wait a moment.',
  },
  download: {
    done: 'Downloaded.',
    failed: 'The file couldn’t be downloaded.',
  },
} as const
