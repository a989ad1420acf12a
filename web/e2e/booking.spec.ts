import {
  card,
  customer,
  enter,
  expect,
  holdBookings,
  listOf,
  newEmail,
  NEW_PASSWORD,
  schedule,
  test,
  toast,
  web,
  type Event,
  type Page,
} from './fixtures'

test('a new customer registers, books, sees the booking and cancels it', async ({ page }) => {
  const event = await schedule({ totalTickets: 20 })
  await page.goto(web() + '/')
  await expect(page).toHaveURL(web() + '/login')
  await page.getByRole('link', { name: 'Register' }).click()
  await expect(page).toHaveTitle('Create an account · Boxoffice')
  await page.getByLabel('Name').fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill(newEmail())
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel('Confirm password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page).toHaveURL(web() + '/events')
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeFocused()

  await page.getByRole('searchbox').fill(event.title)
  await expect(page).toHaveURL(web() + listOf(event).replaceAll('%20', '+'))
  const it = card(page, event)
  await expect(it).toContainText('March 15, 2030 at 10:00 AM')
  await expect(it).toContainText('$49.99')
  await expect(it).toContainText('20 tickets left')
  const button = it.getByRole('button')
  const send = await holdBookings(page) // until the pending button has been seen
  await button.click()
  await expect(button).toHaveText(/^Booking\.\.\./)
  await expect(button).toBeDisabled()
  send()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(button).toHaveText(/^Booked ✓/)
  await expect(button).toBeDisabled()
  await expect(it).toContainText('19 tickets left')

  await page.getByRole('link', { name: 'My bookings' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'My bookings' })).toBeFocused()
  await expect(it).toContainText('Confirmed')
  await expect(it).toContainText('Chamber Hall')
  await it.getByRole('button', { name: /Cancel Booking/ }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Cancel this booking?' })
  await dialog.getByRole('button', { name: 'Cancel Booking' }).click()
  await expect(toast(page, `Your booking for ${event.title} is cancelled.`)).toBeVisible()
  await expect(
    page.getByRole('region', { name: 'Cancelled' }).getByRole('article', { name: event.title }),
  ).toBeVisible()
  await expect(page.getByRole('heading', { level: 1, name: 'My bookings' })).toBeFocused()

  await it.getByRole('link', { name: event.title }).click()
  await expect(page).toHaveTitle(`${event.title} · Boxoffice`)
  await expect(page.getByText('20 of 20 tickets left')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Book Now/ })).toBeEnabled()
})

test('of two browsers that book the last ticket one gets it, and the other sees an error', async ({
  browser,
  page,
  refusals,
}) => {
  const event = await schedule({ totalTickets: 1 })
  const rival = await (await browser.newContext()).newPage()
  const both = [page, rival]
  for (const p of both) await enter(p, listOf(event))
  refusals(409, '/api/book')
  for (const p of both) await expect(card(p, event).getByRole('button')).toBeEnabled()
  // Until both have clicked: otherwise the live count disables the button of the slower one.
  const send = await holdBookings(...both)
  await Promise.all(both.map((p) => card(p, event).getByRole('button').click()))
  send()
  const won = toast(page, `Successfully booked ${event.title}!`)
  const lost = toast(page, `Sorry, tickets for ${event.title} are no longer available.`)
  await expect(won.or(lost)).toBeVisible()
  const [winner, loser] = (await won.isVisible()) ? [page, rival] : [rival, page]
  await expect(toast(winner, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(toast(loser, `Sorry, tickets for ${event.title} are no longer available.`)).toBeVisible()
  await expect(card(winner, event).getByRole('button')).toHaveText(/^Booked ✓/)
  await expect(card(loser, event).getByRole('button')).toBeDisabled()
  await expect(card(loser, event).locator('[data-tone=off]')).toHaveText('Sold Out')
  await rival.context().close()
})

test('a booking of another tab is seen in this one', async ({ page, context }) => {
  const event = await schedule()
  await enter(page, listOf(event))
  const other = await context.newPage()
  await other.goto(web() + listOf(event))
  await expect(card(other, event).getByRole('button')).toHaveText(/^Book Now/)
  await card(page, event).getByRole('button').click()
  await expect(card(page, event).getByRole('button')).toHaveText(/^Booked ✓/)
  await expect(card(other, event).getByRole('button')).toHaveText(/^Booked ✓/)
})

test('a booking whose answer is lost is shown as booked, and a retry repeats it instead of making another', async ({
  page,
  refusals,
}) => {
  const event = await schedule()
  await enter(page, listOf(event))
  refusals(0, '/api/book')
  const keys: (string | undefined)[] = []
  const statuses: number[] = []
  // The booking is made, but neither its answer nor the list of bookings arrives.
  await page.route('**/api/bookings*', (route) => route.abort())
  await page.route('**/api/book', async (route) => {
    keys.push(route.request().headers()['idempotency-key'])
    const response = await route.fetch()
    statuses.push(response.status())
    if (keys.length === 1) await route.abort()
    else await route.fulfill({ response })
  })
  const button = card(page, event).getByRole('button')
  await button.click()
  await expect(toast(page, 'Failed to complete booking. Please try again.')).toBeVisible()
  await expect(button).toHaveText(/^Book Now/)
  await button.click()
  await expect.poll(() => statuses).toHaveLength(2)
  await page.unroute('**/api/bookings*') // before the click, the list could forestall it
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(button).toHaveText(/^Booked ✓/)
  expect(keys[0]).toBeTruthy()
  expect(keys).toEqual([keys[0], keys[0]])
  expect(statuses).toEqual([201, 201])
  await expect(card(page, event)).toContainText('19 tickets left')
})

test('counts of other people’s bookings arrive by themselves, in place', async ({ page }) => {
  const event = await schedule({ totalTickets: 3 })
  await enter(page, listOf(event))
  await expect(page.getByText('Live counts')).toBeVisible()
  await expect(card(page, event)).toContainText('3 tickets left')
  await page.evaluate(() => {
    const shifts: number[] = []
    Object.assign(window, { shifts })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value)
    }).observe({ type: 'layout-shift', buffered: false })
  })
  const asked: string[] = []
  page.on('request', (r) => asked.push(r.url()))
  await (await customer()).book(event)
  await expect(card(page, event)).toContainText('2 tickets left', { timeout: 2_000 })
  await (await customer()).book(event)
  await expect(card(page, event)).toContainText('Last ticket', { timeout: 2_000 })
  await (await customer()).book(event)
  await expect(card(page, event)).toContainText('Sold Out', { timeout: 2_000 })
  expect(asked.filter((url) => url.includes('/api/events'))).toEqual([]) // pushed, not fetched
  const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)
  expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.001) // a fraction of a pixel
})

test('without WebSockets counts are polled every five seconds', async ({ page }) => {
  await page.routeWebSocket('**/api/ws', (socket) => socket.close({ code: 1001 }))
  const event = await schedule({ totalTickets: 20 })
  await enter(page, listOf(event))
  await expect(page.getByText('Counts refresh every 5 seconds')).toBeVisible()
  await (await customer()).book(event)
  await expect(card(page, event)).toContainText('19 tickets left', { timeout: 8_000 })
})

test('offline, counts are marked as old and booking shows why it fails; online, both recover', async ({
  page,
  context,
  refusals,
}) => {
  const name = `Matinee${Date.now()}`
  const [first, second] = [await schedule({ title: `${name} one` }), await schedule({ title: `${name} two` })]
  await enter(page, `/events?search=${name}`)
  // After the first booking, all code that booking needs is loaded.
  await card(page, first).getByRole('button').click()
  await expect(toast(page, `Successfully booked ${first.title}!`)).toBeVisible()
  await expect(card(page, second).getByRole('button')).toHaveText(/^Book Now/)
  await expect(page.getByText('Live counts')).toBeVisible()
  refusals(0, '/api/')
  await context.setOffline(true)
  await expect(page.getByText(/Not up to date: counts as of/)).toBeVisible()
  await card(page, second).getByRole('button').click()
  await expect(toast(page, 'Failed to complete booking. Please try again.')).toContainText(
    'You seem to be offline.',
  )
  await recovers(page, second)
})

test('offline before the first use of the page, booking shows why it fails too', async ({
  page,
  context,
  refusals,
}) => {
  const event = await schedule()
  await enter(page, listOf(event))
  await expect(page.getByText('Live counts')).toBeVisible()
  refusals(0, '/')
  await context.setOffline(true)
  await card(page, event).getByRole('button').click()
  await expect(toast(page, 'You seem to be offline.')).toBeVisible()
  await expect(card(page, event).getByRole('button')).toHaveText(/^Book Now/)
  await recovers(page, event)
})

/** Goes online again and repeats the booking that failed. */
async function recovers(page: Page, event: Event) {
  await page.context().setOffline(false)
  await expect(page.getByText('Live counts')).toBeVisible()
  await card(page, event).getByRole('button').click()
  await expect(card(page, event).getByRole('button')).toHaveText(/^Booked ✓/)
}

test('a booking goes into the calendar and on the door’s scanner', async ({ page }) => {
  const event = await schedule({ title: `Recital; four hands, ${Date.now()}` })
  await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await page.getByRole('link', { name: 'My bookings' }).click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: /Add to calendar/ }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toMatch(/^Recital-four-hands-\d+\.ics$/)
  const file = await (await download.createReadStream()).toArray()
  expect(Buffer.concat(file as Buffer[]).toString()).toContain('SUMMARY:Recital\\; four hands\\,')
  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible()
})

test('events are searched, sorted and paged in the URL, and the back button works', async ({ page }) => {
  const name = `Series${Date.now()}`
  for (let i = 10; i < 23; i++) await schedule({ title: `${name} ${i}`, price: i })
  await enter(page, '/events')
  await page.getByRole('searchbox').fill(name)
  await expect(page.getByRole('article')).toHaveCount(12)
  await expect(page.getByText(`13 events found for ${name}`)).toBeAttached()
  await page.getByLabel('Sort by').selectOption({ label: 'Price: high to low' })
  await expect(page.getByRole('article').first()).toHaveAccessibleName(`${name} 22`)
  await page.getByRole('link', { name: 'Next' }).click()
  await expect(page.getByRole('article')).toHaveCount(1)
  await expect(page).toHaveURL(web() + `/events?search=${name}&sortBy=price&sortOrder=desc&page=2`)
  await page.reload()
  await expect(page.getByRole('article')).toHaveAccessibleName(`${name} 10`)
  await expect(page.getByRole('searchbox')).toHaveValue(name)
  await page.goBack()
  await expect(page.getByRole('article').first()).toHaveAccessibleName(`${name} 22`)
  await page.getByRole('searchbox').fill(name + 'x')
  await expect(page.getByText('No events found')).toBeVisible()
  await page.getByRole('button', { name: 'Show all events' }).click()
  await expect(page.getByRole('article')).toHaveCount(12)
})
