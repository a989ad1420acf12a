import type { User } from './api/types'

/** Every path of the user interface. */
export const paths = {
  login: '/login',
  register: '/register',
  forgotPassword: '/forgot-password',
  account: '/account',
  events: '/events',
  event: (id: string) => `/events/${id}`,
  newEvent: '/events/new',
  editEvent: (id: string) => `/events/${id}/edit`,
  duplicateEvent: (id: string) => `/events/new?from=${id}`,
  bookings: '/bookings',
  desk: '/desk',
  deskEvent: (id: string, view?: string) => `/desk/${id}${view ? `?view=${view}` : ''}`,
  doors: '/door',
  door: (id: string) => `/door/${id}`,
  webhooks: '/desk/webhooks',
  audit: '/audit',
  auditStream: (id: string, version?: number) => `/audit/${id}${version ? `?at=${version}` : ''}`,
} as const

type Access = 'anyone' | 'guests' | 'members' | User['role']

/** Who may see a page. The first pattern that matches counts. */
const access: readonly { pages: RegExp; for: Access }[] = [
  { pages: /^\/(forgot-password|reset-password|verify-email)$/, for: 'anyone' }, // links in e-mails lead there
  { pages: /^\/(login|register)$/, for: 'guests' },
  { pages: /^\/events\/(new|[^/]+\/edit)$/, for: 'organizer' },
  { pages: /^\/desk\/webhooks$/, for: 'organizer' },
  { pages: /^\/(events|bookings|account|desk|door)(\/|$)/, for: 'members' },
  { pages: /^\/audit(\/|$)/, for: 'auditor' },
]

const isOnlyForMembers = (needed: Access | undefined) => needed && needed !== 'guests' && needed !== 'anyone'

/** The pages that guests can't see, as the source of a regular expression. */
export const memberPages = access
  .filter((entry) => isOnlyForMembers(entry.for))
  .map(({ pages }) => pages.source)
  .join('|')

export const accessTo = (pathname: string) => access.find(({ pages }) => pages.test(pathname))?.for

/** The sign-in page, with the path to return to. */
export function loginFor(wanted: string): string {
  return wanted === paths.events ? paths.login : withNext(paths.login, wanted)
}

/** A page for guests, with the path to open after signing in. */
export function withNext(path: string, next: string): string {
  return `${path}?next=${encodeURIComponent(next)}`
}

/**
 * The path to open after signing in: the requested page, if it is on this site; anything else could
 * lead to another site.
 */
export function afterLogin(next: string | null): string {
  if (!next || !next.startsWith('/')) return paths.events
  try {
    const base = 'http://boxoffice.invalid'
    const url = new URL(next, base)
    const needed = accessTo(url.pathname)
    return url.origin === base && isOnlyForMembers(needed) ? url.pathname + url.search : paths.events
  } catch {
    return paths.events
  }
}
