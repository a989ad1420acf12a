import { firstLoad } from '../scripts/first-load.mjs'
import {
  cancelEvent,
  customer,
  expect,
  listOf,
  NEW_PASSWORD,
  schedule,
  signIn,
  test,
  web,
  type Event,
  type Page,
} from './fixtures'
import { inspect } from './inspect'

interface Shown {
  name: string
  who?: 'guest' | 'customer' | 'organizer' | 'auditor'
  show: (page: Page) => Promise<void>
  /** What lies above the page: axe counts what it covers as too small. */
  above?: string
}

const go = (path: string) => async (page: Page) => {
  await page.goto(web() + path)
}

/** Opens the bookings of a customer who has booked an event with each of these titles. */
const bookingsOf = async (page: Page, ...titles: string[]) => {
  const who = await customer()
  for (const title of titles) await who.book(await schedule({ title }))
  await signIn(page, who.email, NEW_PASSWORD)
  await page.goto(web() + '/bookings')
}

/** Opens a page as a customer who has done something with an event. */
const asCustomer =
  (make: () => Promise<Event>, act: 'book' | 'hold' | 'join', path: (event: Event) => string, text: string) =>
  async (page: Page) => {
    const [event, who] = await Promise.all([make(), customer()])
    await who[act](event)
    await signIn(page, who.email, NEW_PASSWORD)
    await page.goto(web() + path(event))
    await expect(page.getByText(text).first()).toBeVisible()
  }

const pageOf = ({ id }: Event) => `/events/${id}`

/** Shows an event's page to the user who is signed in. */
const event = (make: () => Promise<Event>, text: string) => async (page: Page) => {
  await page.goto(web() + pageOf(await make()))
  await expect(page.getByText(text).first()).toBeVisible()
}

const types = [
  { name: 'Seated', price: 30 },
  { name: 'Standing', price: 12.5, capacity: 6 },
]
const typed = () => schedule({ price: undefined, ticketTypes: types, maxPerCustomer: 4 })

/** Others have all tickets. With several types, they are waited for in numbers. */
const soldOut = async (part: Parameters<typeof schedule>[0] = {}) => {
  const event = await schedule({ totalTickets: 1, ...part })
  await (await customer()).book(event)
  return event
}

/** The only ticket was given back while somebody waited for it. */
const offered = async (page: Page) => {
  const [event, first, next] = await Promise.all([schedule({ totalTickets: 1 }), customer(), customer()])
  const { booking } = await first.book(event)
  await next.join(event)
  await first.cancel(booking.id)
  await signIn(page, next.email, NEW_PASSWORD)
  return event
}

/** Opens a dialog of a booking. */
const open = (button: RegExp, role: 'dialog' | 'alertdialog') => async (page: Page) => {
  await bookingsOf(page, 'String Quartet', 'Open-Air Cinema') // the next ticket is shown without a dialog
  await page.getByRole('button', { name: button }).first().click()
  await expect(page.getByRole(role)).toBeVisible()
}

const long = {
  title: `${'Donaudampfschifffahrt'.repeat(6)} ${'حفلة '.repeat(8)}`.trim(),
  venue: 'Konzerthausgesellschaft'.repeat(7),
  totalTickets: 1_000_000,
  price: 12_345.5,
  currency: 'CHF',
}

const shown: Shown[] = [
  { name: 'login', who: 'guest', show: go('/login') },
  {
    name: 'login-refused',
    who: 'guest',
    show: async (page) => {
      await page.goto(web() + '/login')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByText('Enter your password.')).toBeVisible()
    },
  },
  { name: 'register', who: 'guest', show: go('/register') },
  { name: 'forgot-password', who: 'guest', show: go('/forgot-password') },
  { name: 'reset-password', who: 'guest', show: go('/reset-password#token=x') },
  { name: 'verify-email', who: 'guest', show: go('/verify-email#token=x') },
  {
    name: 'link-incomplete',
    who: 'guest',
    show: async (page) => {
      await page.goto(web() + '/reset-password')
      await expect(page.getByText('This link is incomplete')).toBeVisible()
    },
  },
  {
    name: 'account',
    show: async (page) => {
      await page.goto(web() + '/account')
      await expect(page.getByText('This device')).toBeVisible()
      await page.getByRole('button', { name: 'Send verification link' }).click()
      await expect(page.getByText('We’ve sent a link')).toBeVisible()
      await page.getByText('Change e-mail').click()
      await page.getByRole('button', { name: 'Change password' }).click()
      await expect(page.getByText('Enter your password.')).toBeVisible()
    },
  },
  {
    name: 'account-new-key',
    show: async (page) => {
      await page.goto(web() + '/account')
      await page.getByRole('button', { name: 'Create API key…' }).click()
      await page.getByRole('button', { name: 'Create key' }).click()
      await expect(page.getByText('Enter a name for the key.')).toBeVisible()
    },
  },
  {
    name: 'account-delete',
    show: async (page) => {
      await page.goto(web() + '/account')
      await page.getByRole('button', { name: 'Delete account…' }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
    },
  },
  {
    name: 'events',
    show: async (page) => {
      await page.goto(web() + '/events?sortBy=price')
      await expect(page.getByRole('article')).toHaveCount(12)
      await expect(page.getByText('Live counts')).toBeVisible()
    },
  },
  {
    name: 'events-empty',
    show: async (page) => {
      await page.goto(web() + '/events?search=nothing+is+called+so')
      await expect(page.getByText('No events found')).toBeVisible()
    },
  },
  {
    name: 'events-loading',
    show: async (page) => {
      await page.route('**/api/events?*', () => undefined)
      await page.goto(web() + '/events')
      await expect(page.getByRole('searchbox')).toBeVisible()
    },
  },
  {
    name: 'events-failed',
    show: async (page) => {
      await page.route('**/api/events?*', (route) => route.abort())
      await page.goto(web() + '/events')
      await expect(page.getByText('The events couldn’t be loaded')).toBeVisible()
    },
  },
  {
    name: 'event-booked',
    show: async (page) => {
      const event = await schedule({
        title: 'Chamber Recital',
        timeZone: 'America/New_York',
        totalTickets: 4,
      })
      await (await customer()).book(event)
      await page.goto(web() + `/events/${event.id}`)
      await page.getByRole('button', { name: /^Book Now/ }).click()
      await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
      await expect(page.locator('[data-sonner-toast][data-mounted=true]')).toBeVisible()
    },
  },
  {
    name: 'bookings',
    who: 'guest',
    show: async (page) => {
      await bookingsOf(page, 'String Quartet', 'Open-Air Cinema')
      await page
        .getByRole('button', { name: /Cancel Booking/ })
        .last()
        .click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel Booking' }).click()
      await expect(page.getByRole('region', { name: 'Cancelled' })).toBeVisible()
      await expect(page.getByRole('alertdialog')).toBeHidden()
    },
  },
  { name: 'bookings-cancel', who: 'guest', show: open(/Cancel Booking/, 'alertdialog') },
  { name: 'bookings-ticket', who: 'guest', show: open(/Show ticket/, 'dialog') },
  { name: 'bookings-receipt', who: 'guest', show: open(/^Receipt/, 'dialog') },
  {
    name: 'audit',
    who: 'auditor',
    show: async (page) => {
      await page.goto(web() + '/audit')
      await expect(page.getByRole('listitem').first()).toBeVisible()
      await page.getByRole('button', { name: 'Verify all histories' }).click()
      await expect(page.getByText('No problems found')).toBeVisible()
    },
  },
  {
    name: 'audit-stream',
    who: 'auditor',
    show: async (page) => {
      const event = await schedule({ title: 'Chamber Recital', totalTickets: 8 })
      const guests = await Promise.all([customer(), customer(), customer(), customer()])
      const changes = await Promise.all(guests.map((guest) => guest.book(event)))
      await guests[0]!.cancel(changes[0]!.booking.id)
      await page.goto(web() + `/audit/${event.id}?at=4`)
      await page.getByRole('button', { name: 'Verify this history' }).click()
      await expect(page.getByText('No problems found')).toBeVisible()
      await expect(page.getByRole('img', { name: /^Line chart of tickets left: 8 at first/ })).toBeVisible()
      for (const summary of await page.getByText('Show as a table').all()) await summary.click()
      await page.getByText('Technical details of this entry').click()
      await page.evaluate(() => scrollTo(0, 0))
    },
  },
  {
    name: 'audit-finding',
    who: 'auditor',
    show: async (page) => {
      const event = await schedule({ title: 'Chamber Recital' })
      const finding = { check: 'hash', position: 7, streamId: event.id, version: 1, detail: 'it was changed' }
      await page.route('**/api/audit/verifications', (route) =>
        route.fulfill({
          status: 202,
          json: {
            id: event.id,
            state: 'failed',
            streamId: event.id,
            startedAt: event.date,
            startedBy: event.id,
            progress: { phase: 'records', done: 1, total: 1 },
            report: {
              findings: [finding],
              more: 0,
              records: 1,
              seconds: 0.1,
              checkpoints: 0,
              head: 7,
              signaturesChecked: false,
              signedUpTo: 0,
              streamId: event.id,
              streams: 1,
              readModels: [],
            },
          },
        }),
      )
      await page.goto(web() + `/audit/${event.id}`)
      await page.getByRole('button', { name: 'Verify this history' }).click()
      await expect(page.getByRole('link', { name: 'Entry 1' })).toBeVisible()
    },
  },
  {
    name: 'audit-empty',
    who: 'auditor',
    show: async (page) => {
      await page.goto(web() + '/audit?search=nothing+is+called+so')
      await expect(page.getByText('No events found')).toBeVisible()
    },
  },
  {
    name: 'audit-failed',
    who: 'auditor',
    show: async (page) => {
      await page.route('**/api/audit/streams/**', (route) => route.abort())
      await page.goto(web() + '/audit/00000000-0000-4000-8000-000000000000')
      await expect(page.getByText('The history couldn’t be loaded')).toBeVisible()
    },
  },
  {
    name: 'account-menu',
    above: 'header',
    show: async (page) => {
      await page.goto(web() + '/bookings')
      await page.getByRole('button', { name: /Account of/ }).click()
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
    },
  },
  {
    name: 'event-new',
    who: 'organizer',
    show: async (page) => {
      await page.goto(web() + '/events/new')
      await page.getByRole('button', { name: 'Sell several ticket types' }).click()
      await expect(page.getByRole('group', { name: 'Ticket type 2' })).toBeVisible()
    },
  },
  {
    name: 'event-for-organizers',
    who: 'organizer',
    show: async (page) => {
      const event = await schedule({ title: 'Chamber Recital' })
      await page.goto(web() + `/events/${event.id}`)
      await expect(page.getByRole('link', { name: 'Edit event' })).toBeVisible()
    },
  },
  {
    name: 'event-of-long-words',
    show: async (page) => {
      await page.goto(web() + `/events/${(await schedule(long)).id}`)
      await expect(page.getByRole('button', { name: /^Book Now/ })).toBeVisible()
    },
  },
  {
    name: 'events-of-long-words',
    show: async (page) => {
      await page.goto(web() + listOf(await schedule(long)))
      await expect(page.getByRole('button', { name: /^Book Now/ }).first()).toBeVisible()
    },
  },
  { name: 'event-types', show: event(typed, 'Choose your tickets') },
  { name: 'event-reserved', who: 'guest', show: asCustomer(typed, 'hold', pageOf, 'Reserved for you') },
  {
    name: 'events-reserved',
    who: 'guest',
    show: asCustomer(typed, 'hold', listOf, 'is reserved for you'),
  },
  { name: 'event-sold-out', show: event(soldOut, 'Join the waiting list') },
  { name: 'event-waiting', who: 'guest', show: asCustomer(soldOut, 'join', pageOf, 'You’re first in line.') },
  {
    name: 'bookings-waiting',
    who: 'guest',
    show: asCustomer(soldOut, 'join', () => '/bookings', 'Waiting lists'),
  },
  {
    name: 'event-offered',
    who: 'guest',
    show: async (page) => {
      await page.goto(web() + pageOf(await offered(page)))
      await expect(page.getByText('It’s your turn')).toBeVisible()
    },
  },
  {
    name: 'account-offered',
    who: 'guest',
    show: async (page) => {
      await offered(page)
      await page.goto(web() + '/account')
      await expect(page.getByRole('link', { name: 'Accept or decline' })).toBeVisible()
      await expect(page.getByText('This device')).toBeVisible()
    },
  },
  {
    name: 'event-not-open',
    show: event(() => schedule({ saleOpensAt: '2030-02-01T10:00:00Z' }), 'On sale from'),
  },
  {
    name: 'event-draft',
    who: 'organizer',
    show: event(() => schedule({ draft: true }), 'This is a draft'),
  },
  {
    name: 'event-cancelled',
    show: event(async () => cancelEvent(await schedule()), 'Cancelled'),
  },
  {
    name: 'event-past',
    show: event(() => schedule({ allowPast: true, date: '2025-03-15T10:00:00Z' }), 'Past event'),
  },
  {
    name: 'event-missing',
    show: async (page) => {
      await page.goto(web() + '/events/00000000-0000-4000-8000-000000000000')
      await expect(page.getByText('Event not found')).toBeVisible()
    },
  },
  { name: 'not-found', who: 'guest', show: go('/nothing') },
]

for (const { name, who = 'customer', show, above } of shown)
  test(`${name} is accessible in both themes, and fits every screen`, async ({ page, refusals }) => {
    test.slow()
    refusals(404, '/nothing')
    refusals(404, '/api/events/00000000')
    refusals(0, '/api/events')
    refusals(0, '/api/audit/streams/00000000')
    await page.emulateMedia({ reducedMotion: 'reduce' })
    if (who === 'customer') await signIn(page)
    if (who === 'organizer' || who === 'auditor') await signIn(page, `${who}@example.com`)
    await show(page)
    await expect(page.locator('h1').first()).toBeVisible()
    await page.evaluate(() => document.fonts.ready)
    await inspect(page, name, above)
  })

test('everything can be done with the keyboard alone', async ({ page }) => {
  const event = await schedule()
  const tabTo = async (name: RegExp) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab')
      const focused = page.locator(':focus')
      if (
        (await focused.count()) &&
        name.test(
          await focused.evaluate(
            (e) =>
              (e as HTMLInputElement).labels?.[0]?.textContent ??
              e.getAttribute('aria-label') ??
              e.textContent ??
              '',
          ),
        )
      ) {
        // The focused element has a visible focus ring.
        expect(await focused.evaluate((e) => getComputedStyle(e).outlineStyle)).not.toBe('none')
        return
      }
    }
    throw new Error(`no way to ${name}`)
  }
  await page.goto(web() + '/login?next=' + encodeURIComponent(listOf(event)))
  await tabTo(/^Skip to content$/)
  await page.keyboard.press('Enter')
  await tabTo(/^E-mail$/)
  await page.keyboard.type('carol@example.com')
  await tabTo(/^Password$/)
  await page.keyboard.type('password123')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeFocused()
  await expect(page.getByRole('button', { name: /^Book Now/ })).toBeVisible()
  await tabTo(/^Book Now/)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeFocused()
  await page.getByRole('link', { name: event.title }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeFocused()
  await page.getByRole('link', { name: 'My bookings' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'My bookings' })).toBeFocused()
  await tabTo(/^Cancel Booking/)
  const opener = page.locator(':focus')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('alertdialog')
  await expect(dialog.getByRole('button', { name: 'Keep booking' })).toBeFocused()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await expect(dialog.locator(':focus')).toHaveCount(1) // the focus stays in the dialog
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(opener).toBeFocused()

  await page.getByRole('button', { name: 'Account of Carol Nguyen' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Account settings' })).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Account of Carol Nguyen' })).toBeFocused()
})

test('the theme is set before the first paint, and stays', async ({ page }) => {
  await page.addInitScript(() => {
    const colours: string[] = []
    Object.assign(window, { colours })
    const look = () => {
      const { display, backgroundColor } = getComputedStyle(document.body ?? document.documentElement)
      if (document.body && display !== 'none') colours.push(backgroundColor)
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(web() + '/login')
  await expect(page.locator('html')).toHaveAttribute('data-ready') // the button works
  await page.getByRole('button', { name: 'Switch between light and dark' }).click()
  await expect(page.locator('html')).toHaveClass(/dark/)
  await page.reload()
  await expect(page.getByLabel('E-mail')).toBeVisible()
  const colours = await page.evaluate(() => [
    ...new Set((window as unknown as { colours: string[] }).colours),
  ])
  expect(colours).toHaveLength(1)
  await expect(page.locator('html')).toHaveClass(/dark/)
})

// React and Next.js are 138 kB of it. Bytes of gzip, as over plain http.
test('the first pages load little JavaScript', async () => {
  const most = { login: 177_300, register: 177_600, events: 198_200 }
  for (const [page, limit] of Object.entries(most)) {
    const bytes = await firstLoad(page)
    expect(bytes, `${page} was measured`).toBeGreaterThan(100_000)
    expect(bytes, page).toBeLessThanOrEqual(limit)
  }
})
