import {
  call,
  card,
  customer,
  expect,
  listOf,
  newEmail,
  NEW_PASSWORD,
  schedule,
  signIn,
  test,
  toast,
  tokenOf,
  web,
  type Locator,
  type Page,
} from './fixtures'

const ORGANIZER = 'organizer@example.com'

/** Opens a page, and finds the button to press and the toast that comes. */
type Open = (page: Page) => Promise<{ button: Locator; text: string }>

const presses: Record<string, { who?: string; open: Open }> = {
  'booking in the list': {
    open: async (page) => {
      const event = await schedule()
      await page.goto(web() + listOf(event))
      return { button: card(page, event).getByRole('button'), text: 'Successfully booked' }
    },
  },
  'booking on the page of an event': {
    open: async (page) => {
      await page.goto(web() + `/events/${(await schedule()).id}`)
      return { button: page.getByRole('button', { name: /^(Book Now|Booked)/ }), text: 'Successfully booked' }
    },
  },
  'sharing an event': {
    open: async (page) => {
      await page.goto(web() + `/events/${(await schedule()).id}`)
      return { button: page.getByRole('button', { name: 'Share' }), text: 'Link copied.' }
    },
  },
  'copying the address of a calendar': {
    open: async (page) => {
      await page.goto(web() + '/bookings')
      await page.getByRole('button', { name: 'Subscribe to my calendar' }).click()
      const create = page.getByRole('button', { name: 'Create address' })
      const button = page.getByRole('button', { name: 'Copy address' })
      await expect(create.or(button)).toBeVisible()
      if (await create.isVisible()) await create.click()
      return { button, text: 'Address copied.' }
    },
  },
  'changing the password': {
    open: async (page) => {
      await page.goto(web() + '/account')
      await page.getByLabel('Current password', { exact: true }).fill(NEW_PASSWORD)
      await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
      return { button: page.getByRole('button', { name: 'Change password' }), text: 'Password changed.' }
    },
  },
  'selling at the desk': {
    who: ORGANIZER,
    open: async (page) => {
      const [event, { email }] = await Promise.all([schedule(), customer()])
      await page.goto(web() + `/desk/${event.id}?view=attendees`)
      await page.getByLabel('Customer’s e-mail').fill(email)
      return { button: page.getByRole('button', { name: 'Book tickets' }), text: 'Booked 1 ticket' }
    },
  },
  'downloading the attendees': {
    who: ORGANIZER,
    open: async (page) => {
      const event = await schedule()
      await (await customer()).book(event)
      await page.goto(web() + `/desk/${event.id}?view=attendees`)
      return { button: page.getByRole('button', { name: 'Download CSV' }), text: 'Downloaded.' }
    },
  },
  'trying a webhook': {
    who: ORGANIZER,
    open: async (page) => {
      const url = `http://127.0.0.1:9/${newEmail()}`
      await call('/webhooks', await tokenOf(ORGANIZER), { url, types: ['event.cancelled'] })
      await page.goto(web() + '/desk/webhooks')
      const item = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: url }) })
      return { button: item.getByRole('button', { name: 'Send a test' }), text: 'The test is on its way.' }
    },
  },
}

for (const [name, { who, open }] of Object.entries(presses))
  test(`the toast does not cover the button: ${name}`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' }) // toasts are at once where they stay
    await (who ? signIn(page, who) : signIn(page))
    for (const viewport of [
      { width: 320, height: 640 },
      { width: 1280, height: 720 },
    ])
      for (const edge of ['top', 'bottom'] as const) {
        await page.setViewportSize(viewport)
        const { button, text } = await open(page)
        await expect(button).toBeEnabled()
        await bring(button, edge)
        await button.click()
        await expect(toast(page, text).first()).toBeVisible()
        expect(await covered(page, button), `${viewport.width} pixels, ${edge}`).toEqual([])
      }
  })

/** Scrolls a button to the edge of the screen, as far as the page goes: at the top it is below the header. */
const bring = (button: Locator, edge: 'top' | 'bottom') =>
  button.evaluate((element, edge) => {
    const { top, bottom } = element.getBoundingClientRect()
    scrollBy(0, edge === 'top' ? top - 76 : bottom - innerHeight + 12)
  }, edge)

/** The toasts that have a part of an element below them, once they have stopped moving. */
async function covered(page: Page, element: Locator): Promise<string[]> {
  const boxes = () =>
    page.locator('[data-sonner-toast]').evaluateAll((toasts) =>
      toasts.map((toast) => {
        const { left, top, right, bottom } = toast.getBoundingClientRect()
        return { left, top, right, bottom, text: (toast as HTMLElement).innerText }
      }),
    )
  let before = ''
  await expect
    .poll(async () => {
      const now = JSON.stringify(await boxes())
      const isStill = now === before
      before = now
      return isStill
    })
    .toBe(true)
  const box = (await element.boundingBox())!
  return (await boxes())
    .filter(
      ({ left, top, right, bottom }) =>
        left < box.x + box.width && right > box.x && top < box.y + box.height && bottom > box.y,
    )
    .map(({ text }) => text)
}
