import {
  card,
  customer,
  enter,
  expect,
  listOf,
  NEW_PASSWORD,
  schedule,
  test,
  toast,
  web,
  type Page,
} from './fixtures'

const BRIGHTNESS = 'Turn up your screen’s brightness'
const qr = (page: Page, title: string) =>
  page.getByRole('img', { name: `QR code of your ticket for ${title}` })

/** Waits until the page can be shown without a network. waitForFunction() does not wait for promises. */
const isKept = (page: Page) =>
  expect
    .poll(() =>
      page.evaluate(async () => {
        const cache = await caches.open('boxoffice.tickets')
        const worker = await navigator.serviceWorker.getRegistration('/bookings')
        return worker?.active?.state === 'activated' && Boolean(await cache.match('/bookings'))
      }),
    )
    .toBe(true)

async function bookedOne(page: Page) {
  const event = await schedule()
  const email = await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await page.getByRole('link', { name: 'My bookings' }).click()
  await expect(qr(page, event.title)).toBeVisible()
  return { event, email }
}

test('a ticket that was shown once is shown without a network, and the page recovers', async ({
  page,
  context,
  refusals,
}) => {
  const { event, email } = await bookedOne(page)
  await isKept(page)
  refusals(0, '/')
  await page.goto(web() + '/bookings')
  await expect(qr(page, event.title)).toBeVisible()
  await page.waitForFunction(() => navigator.serviceWorker.controller) // which serves it from now on
  await isKept(page)
  await context.setOffline(true)
  await page.reload()
  await expect(qr(page, event.title)).toBeVisible()
  await expect(page.getByText(email)).toBeVisible()
  await expect(page.getByText('the tickets saved on this device')).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByText('the tickets saved on this device')).toBeHidden()
  await expect(page.getByRole('button', { name: 'Account of Ada Lovelace' })).toBeVisible()
})

test('whoever signs out, in whatever tab, leaves nothing to the next person', async ({
  page,
  context,
  refusals,
}) => {
  const { event, email } = await bookedOne(page)
  await isKept(page)
  const other = await context.newPage()
  await other.goto(web() + '/events')
  await other.getByRole('button', { name: 'Account of Ada Lovelace' }).click()
  await other.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/login/)
  const left = await page.evaluate(async () => ({
    stored: JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }),
    caches: await caches.keys(),
  }))
  expect(left.caches).toEqual([])
  for (const text of [event.title, email, event.id]) expect(left.stored).not.toContain(text)
  refusals(0, '/')
  await context.setOffline(true)
  await page.goto(web() + '/bookings').catch(() => undefined)
  await expect(page.getByText(event.title)).toBeHidden()
})

test('bookings of other devices are seen within a second, and those of other people are not', async ({
  page,
  browser,
  browserName,
}) => {
  const [event, called] = [await schedule(), await schedule()]
  const email = await enter(page, listOf(event))
  await expect(page.getByText('Live counts')).toBeVisible()
  const phone = await (await browser.newContext({ hasTouch: true })).newPage()
  await phone.goto(web() + '/login')
  await phone.getByLabel('E-mail').fill(email)
  await phone.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await phone.getByRole('button', { name: 'Sign in' }).click()
  await phone.getByRole('link', { name: 'My bookings' }).click()
  await expect(phone.getByText('You haven’t booked any events yet')).toBeVisible()

  await (await customer()).book(event)
  await card(page, event).getByRole('button').click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(qr(phone, event.title)).toBeVisible({ timeout: 1_500 })
  // Others don't emulate a finger's precision.
  if (browserName === 'chromium') await expect(phone.getByText(BRIGHTNESS)).toBeVisible()
  await phone.emulateMedia({ media: 'print' })
  await expect(phone.getByText(BRIGHTNESS)).toBeHidden()
  await phone.emulateMedia({ media: null })

  await phone.getByRole('button', { name: 'Cancel Booking' }).click()
  await phone.getByRole('alertdialog').getByRole('button', { name: 'Cancel Booking' }).click()
  await expect(card(page, event).getByRole('button')).toHaveText(/^Book Now/, { timeout: 1_500 })

  await page.goto(web() + `/events/${called.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(qr(phone, called.title)).toBeVisible()
  const organizer = await (await browser.newContext()).newPage()
  await enter(organizer, `/events/${called.id}`, 'organizer@example.com')
  await organizer.getByRole('button', { name: 'Cancel event' }).click()
  await organizer.getByRole('alertdialog').getByRole('button', { name: 'Cancel event' }).click()
  await expect(phone.getByRole('region', { name: 'Cancelled' })).toContainText(called.title)
  await expect(phone.getByRole('region', { name: 'Upcoming' })).toBeHidden()
})

test('a printed ticket is light, with its code and nothing to press', async ({ page }) => {
  const { event } = await bookedOne(page)
  await expect(page.getByText(BRIGHTNESS)).toBeHidden() // on paper too, and here there is a mouse
  const ink = () => page.locator('article').evaluate((it) => getComputedStyle(it).color)
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await ink()
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(ink).not.toBe(light)
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  await expect(qr(page, event.title)).toBeVisible()
  await expect(page.getByRole('button')).toHaveCount(0)
  expect(await ink()).toBe(light)
})
