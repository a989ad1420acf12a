import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  test as base,
  expect,
  type APIResponse,
  type BrowserContext,
  type Locator,
  type Page,
  type Request,
} from '@playwright/test'
import type { components } from '../src/lib/api/schema'
import { isStall } from './server'

type Event = components['schemas']['Event']
export { expect, type Event, type Locator, type Page, type Request }

export const web = () => process.env.WEB_URL!
const api = () => process.env.API_URL!
/** Of the seeded accounts. Nobody can choose it, because it is a common one. */
export const PASSWORD = 'password123'
export const NEW_PASSWORD = 'two chairs 1 piano'

/** Repeats a request that the program refuses because its machine stands still: nothing was done. */
async function repeated<T extends Response | APIResponse>(send: () => Promise<T>): Promise<T> {
  let response!: T
  const status = async () => {
    response = await send()
    return typeof response.status === 'function' ? response.status() : response.status
  }
  await expect.poll(status, { timeout: 60_000 }).not.toBe(503)
  return response
}

/** Calls the API directly. */
export async function call<T>(
  path: string,
  token: string | undefined,
  body?: unknown,
  method = 'POST',
): Promise<T> {
  const response = await repeated(() =>
    fetch(api() + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  )
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

/** Signs in without a browser. */
export const tokenOf = (email: string, password = PASSWORD) =>
  call<{ accessToken: string }>('/auth/login', undefined, { email, password }).then((s) => s.accessToken)

let organizer: { token: Promise<string>; since: number } | undefined

/** Of one session for several minutes. A token is good for 15, and on a busy machine all tests take longer. */
function organizerToken(): Promise<string> {
  if (!organizer || Date.now() - organizer.since > 5 * 60_000)
    organizer = { token: tokenOf('organizer@example.com'), since: Date.now() }
  return organizer.token
}

/** What the API is told of an event. */
type Part = Partial<components['schemas']['ScheduleEventInputBody']>

/** Schedules an event for one test only. */
export async function schedule(part: Part = {}): Promise<Event> {
  return call<Event>('/events', await organizerToken(), {
    title: `Recital ${randomUUID().slice(0, 8)}`,
    description: 'Piano, four hands.',
    date: '2030-03-15T10:00:00Z',
    timeZone: 'UTC',
    venue: 'Chamber Hall',
    totalTickets: 20,
    price: 49.99,
    currency: 'USD',
    ...part,
  })
}

export const cancelEvent = async (event: Event) =>
  call<Event>(`/events/${event.id}/cancel`, await organizerToken(), {})

export const newEmail = () => `guest-${randomUUID()}@example.com`

/** A new customer, who books without a browser. */
export async function customer() {
  const email = newEmail()
  const { accessToken, user } = await call<{ accessToken: string; user: { id: string } }>(
    '/auth/register',
    undefined,
    { email, password: NEW_PASSWORD, name: 'Grace Guest' },
  )
  return {
    id: user.id,
    email,
    book: (event: Event) =>
      call<components['schemas']['BookingChange']>('/book', accessToken, { eventId: event.id }),
    cancel: (bookingId: string) =>
      call<components['schemas']['BookingChange']>(
        `/bookings/${bookingId}`,
        accessToken,
        undefined,
        'DELETE',
      ),
    /** Reserves one ticket of the first type. */
    hold: (event: Event) => call('/holds', accessToken, { eventId: event.id, lines: oneOf(event) }),
    /** Waits for one ticket of the first type. */
    join: (event: Event) => call(`/events/${event.id}/waitlist`, accessToken, { lines: oneOf(event) }),
  }
}

const oneOf = ({ ticketTypes }: Event) => [{ ticketTypeId: ticketTypes[0]!.id, quantity: 1 }]

/** Signs a user in without the forms, for tests of other things, and opens a page. */
export async function enter(page: Page, path: string, who?: string, password?: string): Promise<string> {
  const email = await signIn(page, who, password)
  await page.goto(web() + path)
  await expect(page.locator('main h1')).toBeVisible()
  return email
}

/** Signs a user in without the forms: a new one, or one that exists. */
export async function signIn(
  page: Page,
  who?: string,
  password = who ? PASSWORD : NEW_PASSWORD,
): Promise<string> {
  const email = who ?? newEmail()
  const response = await repeated(() =>
    page.request.post(web() + `/api/auth/${who ? 'login' : 'register'}`, {
      headers: { 'Refresh-Token-Mode': 'cookie' },
      data: who ? { email, password } : { email, password, name: 'Ada Lovelace' },
    }),
  )
  await expect(response, await response.text()).toBeOK()
  // An empty page of the same origin is there at once.
  const empty = web() + '/empty'
  await page.route(empty, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<link rel="icon" href="data:,">' }),
  )
  await page.goto(empty)
  await page.evaluate(() => localStorage.setItem('boxoffice.session', '1'))
  await page.unroute(empty)
  return email
}

const log = () => readFileSync(process.env.BOXOFFICE_LOG!, 'utf8').split('\n')

/** Pages recover from answers of 503 by themselves. */
const hasStalled = () => log().some(isStall)

/** The page that the newest e-mail to a user leads to: without a mail server it is in the log. */
export async function linkFor(
  email: string,
  purpose: 'reset_password' | 'verify_email',
  password = NEW_PASSWORD,
): Promise<string> {
  const { user } = await call<{ user: { id: string } }>('/auth/login', undefined, { email, password })
  const links = () =>
    log()
      .filter((line) => line.includes(user.id) && line.includes(purpose))
      .map((line) => new URL((JSON.parse(line) as { link: string }).link))
  await expect.poll(() => links().length, 'an e-mail was sent').toBeGreaterThan(0)
  const { pathname, hash } = links().at(-1)!
  return web() + pathname + hash
}

/** The card of an event, on a list that shows nothing else. */
export const listOf = (event: Event) => `/events?search=${encodeURIComponent(event.title)}`
export const card = (page: Page, event: Event): Locator => page.getByRole('article', { name: event.title })
export const toast = (page: Page, text: string): Locator =>
  page.locator('[data-sonner-toast]').filter({ hasText: text })

/**
 * Presses and releases the mouse button near the edge of an element. As with a real hand, the
 * element may move in between.
 */
export async function clickByHand(page: Page, target: Locator, edge: 'top' | 'bottom'): Promise<void> {
  await target.scrollIntoViewIfNeeded()
  const box = (await target.boundingBox())!
  await page.mouse.move(box.x + box.width / 2, edge === 'top' ? box.y + 4 : box.y + box.height - 4)
  await page.mouse.down()
  await page.evaluate(async () => {
    for (let frame = 0; frame < 6; frame++) await new Promise(requestAnimationFrame)
  })
  await page.mouse.up()
}

/**
 * Expects the console to report failed requests: browsers do so for every 4xx and 5xx. A string
 * expects another message.
 */
type Refusals = (status: number | string, path: string) => void

export const test = base.extend<{ refusals: Refusals; context: BrowserContext }>({
  refusals: [
    async ({ context, browserName }, use) => {
      const allowed: { status: number | string; path: string }[] = []
      const complaints: string[] = []
      const watch = (page: Page) => {
        page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.stack ?? error.message}`))
        page.on('console', (message) => {
          // Other browsers word failed requests differently, and warn about what is theirs.
          if (browserName !== 'chromium' || !['error', 'warning'].includes(message.type())) return
          const { url } = message.location()
          const isAllowed = allowed.some(
            ({ status, path }) =>
              url.replace(/^https?:\/\/[^/]+/, '').startsWith(path) &&
              message.text().includes(`${status || 'net::ERR_'}`),
          )
          if (!isAllowed) complaints.push(`${page.url()}: ${message.type()}: ${message.text()} (${url})`)
        })
      }
      context.pages().forEach(watch)
      context.on('page', watch)
      await use((status, path) => allowed.push({ status, path }))
      const isForgiven = (complaint: string) =>
        complaint.includes('503 (Service Unavailable)') && hasStalled()
      expect(
        complaints.filter((complaint) => !isForgiven(complaint)),
        'nothing is in the console',
      ).toEqual([])
    },
    { auto: true },
  ],
})

/**
 * Holds back the bookings of some pages until the returned function is called: on a busy machine
 * their order is not known.
 */
export async function holdBookings(...pages: Page[]): Promise<() => void> {
  let send = () => {}
  const sent = new Promise<void>((resolve) => (send = resolve))
  for (const page of pages) await page.route('**/api/book', (route) => sent.then(() => route.continue()))
  return () => send()
}
