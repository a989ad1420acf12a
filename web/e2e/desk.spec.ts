import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import {
  call,
  customer,
  enter,
  expect,
  schedule,
  signIn,
  test,
  toast,
  tokenOf,
  web,
  type Page,
} from './fixtures'
import { barriers, inspect } from './inspect'

const ORGANIZER = 'organizer@example.com'

const number = (page: Page, name: string) =>
  page.locator('section').getByText(name, { exact: true }).locator('xpath=following-sibling::dd')

test('the desk shows one’s own events, and how each sells while it does', async ({ page, browser }) => {
  test.slow()
  const event = await schedule({ title: `Matinee ${Date.now()}`, totalTickets: 3 })
  await enter(page, '/events', ORGANIZER)
  await page.getByRole('link', { name: 'Desk' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Desk' })).toBeVisible()
  await page.getByRole('searchbox').fill(event.title)
  const item = page.getByRole('listitem').filter({ hasText: event.title })
  await expect(page.getByRole('listitem').filter({ has: page.getByRole('heading') })).toHaveCount(1)
  await expect(item.getByText('0 of 3')).toBeVisible()

  await (await customer()).book(event)
  await expect(item.getByText('1 of 3')).toBeVisible() // without a reload

  await item.getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeFocused()
  await expect(number(page, 'Sold')).toHaveText('1 of 3')
  await expect(page.getByRole('row', { name: /^General admission 1 \$49\.99$/ })).toBeVisible()
  const guest = await customer()
  const { booking } = await guest.book(event)
  await expect(number(page, 'Sold')).toHaveText('2 of 3')
  await expect(page.getByRole('row', { name: /^Total 2 \$99\.98$/ })).toBeVisible()
  await guest.cancel(booking.id)
  await expect(number(page, 'Sold')).toHaveText('1 of 3')
  await expect(page.getByRole('img', { name: /2 tickets sold from/ })).toBeVisible({ timeout: 20_000 })
  await expect(page.getByRole('img', { name: /^Bookings per minute/ })).toBeVisible()

  // It is found again by its address.
  await page.getByLabel('Show by').selectOption('Hour, last 31 days')
  await expect(page).toHaveURL(web() + `/desk/${event.id}?by=hour`)
  await page.reload()
  await expect(page.getByLabel('Show by')).toHaveValue('hour')
  expect(await barriers(page, 'html', 'light')).toEqual([])

  const guestPage = await (await browser.newContext()).newPage()
  await enter(guestPage, '/desk')
  await expect(guestPage.getByText('You have no upcoming events.')).toBeVisible()
  await expect(guestPage.getByRole('link', { name: 'Desk', exact: true })).toBeHidden()
  await guestPage.goto(web() + `/desk/${event.id}`)
  await expect(guestPage.getByRole('heading', { name: 'This isn’t your event' })).toBeVisible()
  await guestPage.context().close()
})

test('the desk lists attendees, and writes to them', async ({ page }) => {
  test.slow()
  const event = await schedule()
  await (await customer()).book(event)
  await enter(page, `/desk/${event.id}`, ORGANIZER)
  await page.getByRole('link', { name: 'Attendees' }).click()
  await expect(page.getByText('Grace Guest').first()).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download CSV' }).click()
  expect((await download).suggestedFilename()).toMatch(/^attendees-.*\.csv$/)
  await expect(page.locator('[data-sonner-toast]')).toHaveCount(0) // which may cover something
  await inspect(page, 'desk-attendees')
  await page.getByRole('link', { name: 'Messages' }).click()
  await page.getByLabel('Subject').fill('Doors open at 7')
  await page.getByLabel('Text').fill('Come early.')
  await page.getByRole('button', { name: 'Send message' }).click()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(page.getByText('Doors open at 7')).toBeVisible()
  await expect(page.locator('[data-sonner-toast]')).toHaveCount(0)
  await inspect(page, 'desk-messages')
})

test('another organizer sees neither the event nor its desk', async ({ page, refusals }) => {
  const event = await schedule({ title: `Soiree ${Date.now()}` })
  const other = await enter(page, '/events') // a new customer
  await promisify(execFile)(process.env.BOXOFFICE_PROGRAM!, ['user', 'role', other, 'organizer'], {
    env: { ...process.env, DATA_DIR: process.env.BOXOFFICE_DATA_DIR, NODE_ENV: 'production' },
  })
  await page.goto(web() + '/desk')
  await expect(page.getByRole('link', { name: 'Schedule an event' })).toBeVisible()
  await page.getByLabel('Which events').selectOption('All events')
  await expect(page.getByText(/^Events you schedule/)).toBeVisible()
  refusals(403, `/api/desk/events/${event.id}`)
  await page.goto(web() + `/desk/${event.id}`)
  await expect(page.getByRole('heading', { name: 'This isn’t your event' })).toBeVisible()
})

test('an event is duplicated', async ({ page }) => {
  const event = await schedule({ title: `Series ${Date.now()}`, totalTickets: 7 })
  await enter(page, `/desk/${event.id}`, ORGANIZER)
  await page.getByRole('link', { name: 'Duplicate' }).click()
  await expect(page.getByLabel('Title', { exact: true })).toHaveValue(event.title)
  await expect(page.getByLabel('Tickets')).toHaveValue('7')
  await expect(page.getByLabel('Date and time at the venue')).toHaveValue('')
  await page.getByLabel('Date and time at the venue').fill('2031-01-01T20:00')
  await page.getByRole('button', { name: 'Schedule event' }).click()
  await expect(toast(page, `${event.title} is scheduled.`)).toBeVisible()
  await page.goto(web() + `/desk?search=${encodeURIComponent(event.title)}`)
  await expect(page.getByRole('listitem').getByRole('link', { name: event.title })).toHaveCount(2)
})

test('a customer who helps finds the desk, and tells why a booking is cancelled', async ({
  page,
  browser,
}) => {
  const event = await schedule({ title: `Vernissage ${Date.now()}` })
  const guest = await browser.newPage()
  await enter(guest, `/events/${event.id}`)
  await guest.getByRole('button', { name: /^Book Now/ }).click()
  await expect(guest.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await guest.goto(web() + '/bookings')
  await expect(guest.getByRole('region', { name: 'Upcoming' })).toBeVisible()

  const email = await signIn(page)
  await call(`/events/${event.id}/organizers`, await tokenOf(ORGANIZER), { email, role: 'sell' })
  await page.goto(web() + '/events')
  await page.getByRole('link', { name: 'Desk', exact: true }).click()
  await expect(page.getByText('You sell tickets')).toBeVisible()
  await page.getByRole('link', { name: event.title }).click()
  await page.getByRole('link', { name: 'Attendees' }).click()
  await page.getByRole('button', { name: 'Cancel Ada Lovelace’s booking' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('The hall is closed')
  await dialog.getByRole('button', { name: 'Cancel booking' }).click()
  await expect(toast(page, 'Ada Lovelace’s booking is cancelled.')).toBeVisible()

  await expect(guest.getByRole('region', { name: 'Cancelled' })).toContainText(
    'Cancelled by the organizer: The hall is closed',
  )
  await guest.close()
})
