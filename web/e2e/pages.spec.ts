import AxeBuilder from '@axe-core/playwright'
import { firstLoad } from '../scripts/first-load.mjs'
import { customer, enter, expect, listOf, schedule, test, web, type Page } from './fixtures'

const sizes = {
  small: { width: 320, height: 640 }, // also 1280 pixels at a zoom of 400 %
  phone: { width: 375, height: 812 },
  tablet: { width: 768, height: 1024 },
  desktop: { width: 1280, height: 900 },
}

interface Shown {
  name: string
  who?: 'guest' | 'customer' | 'organizer' | 'auditor'
  show: (page: Page) => Promise<void>
}

const go = (path: string) => async (page: Page) => {
  await page.goto(web() + path)
}

/** Books an event that was made for this test only. */
const book = async (page: Page, part?: Parameters<typeof schedule>[0]) => {
  const event = await schedule(part)
  await page.goto(web() + `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
}

/** Opens a dialog of a booking. */
const open = (button: RegExp, role: 'dialog' | 'alertdialog') => async (page: Page) => {
  await book(page)
  await book(page) // the next ticket is shown without a dialog
  await page.goto(web() + '/bookings')
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
      await expect(page.getByText('Events can’t be shown')).toBeVisible()
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
    show: async (page) => {
      for (const title of ['String Quartet', 'Open-Air Cinema']) await book(page, { title })
      await page.goto(web() + '/bookings')
      await page
        .getByRole('button', { name: /Cancel Booking/ })
        .last()
        .click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel Booking' }).click()
      await expect(page.getByRole('region', { name: 'Cancelled' })).toBeVisible()
      await expect(page.getByRole('alertdialog')).toBeHidden()
    },
  },
  { name: 'bookings-cancel', show: open(/Cancel Booking/, 'alertdialog') },
  { name: 'bookings-ticket', show: open(/Show ticket/, 'dialog') },
  { name: 'bookings-receipt', show: open(/^Receipt/, 'dialog') },
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
      await expect(page.getByLabel('Title')).toBeVisible()
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
  {
    name: 'event-missing',
    show: async (page) => {
      await page.goto(web() + '/events/00000000-0000-4000-8000-000000000000')
      await expect(page.getByText('There is no such event')).toBeVisible()
    },
  },
  { name: 'not-found', who: 'guest', show: go('/nothing') },
]

for (const { name, who = 'customer', show } of shown)
  test(`${name} is accessible in both themes, and fits every screen`, async ({ page, refusals }) => {
    test.setTimeout(120_000) // eight sizes and themes
    refusals(404, '/nothing')
    refusals(404, '/api/events/00000000')
    refusals(0, '/api/events')
    refusals(0, '/api/audit/streams/00000000')
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    if (who === 'customer') await enter(page, '/bookings')
    if (who === 'organizer' || who === 'auditor') await enter(page, '/bookings', `${who}@example.com`)
    await show(page)
    await expect(page.locator('h1').first()).toBeVisible()
    await page.evaluate(() => document.fonts.ready)

    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await expect(page.locator('html')).toHaveClass(new RegExp(theme))
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze()
      const told = violations.map(
        (v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`,
      )
      expect(told, `barriers in ${theme}`).toEqual([])
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport)
        await page.screenshot({
          path: `screenshots/${name}-${size}-${theme}.png`,
          fullPage: true,
          animations: 'disabled',
        })
        expect(await overflowing(page), `${size}: nothing sticks out`).toEqual([])
        expect(await tooSmall(page), `${size}: everything is large enough to touch`).toEqual([])
      }
    }
  })

/**
 * Visible elements that overflow the screen sideways, including fixed ones, which cause no
 * scrolling.
 */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter(
        (e) =>
          e.checkVisibility({ visibilityProperty: true }) &&
          !e.closest('.sr-only, [aria-hidden=true]') &&
          !e.matches('[data-sonner-toaster]'),
      )
      .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
      .map((e) => e.outerHTML.slice(0, 120)),
  )
}

/** Controls smaller than 44 by 44 pixels. Links in text and titles are as high as their line. */
function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, select, input, textarea, nav a, [role=menuitem]')]
      .filter((e) => e.checkVisibility() && !e.closest('[data-sonner-toaster]'))
      // Of a checkbox, the label around it can be touched too.
      .map((e) => ({
        text: e.outerHTML.slice(0, 120),
        box: (e.closest('label') ?? e).getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width < 43.5 || box.height < 43.5)
      .map(({ text, box }) => `${Math.round(box.width)}×${Math.round(box.height)} ${text}`),
  )
}

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
      if (document.body) colours.push(getComputedStyle(document.body).backgroundColor)
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(web() + '/login')
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
