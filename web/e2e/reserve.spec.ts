import { enter, expect, schedule, test, toast, web } from './fixtures'

test('two customers: one reserves and pays, the other waits, is offered the tickets and accepts', async ({
  page,
  browser,
}) => {
  test.slow()
  const types = [
    { name: 'Seated', price: 30 },
    { name: 'Standing', price: 12.5, capacity: 1 },
  ]
  const event = await schedule({ totalTickets: 2, maxPerCustomer: 2, price: undefined, ticketTypes: types })
  await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: 'One more: Seated' }).click()
  await page.getByRole('button', { name: 'One more: Seated' }).click()
  await page.getByRole('button', { name: 'Reserve 2 tickets' }).click()
  await expect(page.getByRole('timer')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('timer')).toHaveText(/^\d{1,2}:\d\d$/)

  const other = await (await browser.newContext()).newPage()
  await enter(other, `/events/${event.id}`)
  await expect(other.getByText('All tickets are sold or reserved.')).toBeVisible()
  await other.getByRole('button', { name: 'One more: Seated' }).click()
  await other.getByRole('button', { name: 'Join the waiting list' }).click()
  await expect(other.getByText('You’re first in line.')).toBeVisible()

  await page.getByRole('button', { name: 'Pay $60.00' }).click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Booked ✓' })).toBeVisible()
  await page.goto(web() + '/bookings')
  await expect(page.getByText('2 × Seated')).toBeVisible()
  await expect(page.getByText('$60.00')).toBeVisible()

  // On whatever page the other is.
  await other.goto(web() + '/account')
  await page.getByRole('button', { name: 'Cancel Booking' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel Booking' }).click()
  await expect(toast(page, 'is cancelled')).toBeVisible()
  const banner = other.getByRole('complementary', { name: 'Tickets set aside for you' })
  await expect(banner).toContainText(`1 ticket is offered to you: ${event.title}`)
  await banner.getByRole('link', { name: 'Accept or decline' }).click()
  await other.getByRole('button', { name: 'Accept and pay $30.00' }).click()
  await expect(toast(other, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(banner).toHaveCount(0)
  await other.context().close()
})

test('an organizer sells two types from a draft, with a sale that has not opened', async ({
  page,
  browser,
}) => {
  test.slow()
  await enter(page, '/events/new', 'organizer@example.com')
  const title = `Ballet ${Date.now()}`
  await page.getByLabel('Title', { exact: true }).fill(title)
  await page.getByLabel('Venue', { exact: true }).fill('Opera House')
  await page.getByLabel('Date and time at the venue').fill('2030-07-01T19:30')
  await page.getByLabel('Tickets').fill('50')
  await page.getByLabel('Price').fill('40')
  await page.getByRole('button', { name: 'Sell several ticket types' }).click()
  const second = page.getByRole('group', { name: 'Ticket type 2' })
  await second.getByLabel('Name').fill('Reduced')
  await second.getByLabel('Price').fill('20')
  await second.getByLabel('Capacity (optional)').fill('10')
  await page.getByLabel('Maximum per customer').fill('3')
  await page.getByLabel('Sale opens (optional)').fill('2030-06-01T10:00')
  await page.getByRole('button', { name: 'Save as draft' }).click()
  await expect(page.getByText('This is a draft')).toBeVisible()
  const { pathname } = new URL(page.url())
  await page.getByRole('button', { name: 'Publish event' }).click()
  await expect(toast(page, `${title} is published.`)).toBeVisible()

  const visitor = await (await browser.newContext()).newPage()
  await enter(visitor, pathname)
  await expect(visitor.getByText('On sale from June 1, 2030 at 10:00 AM')).toBeVisible()
  await expect(visitor.getByRole('button', { name: 'Not on sale yet' })).toBeVisible()
  await visitor.context().close()
})
