import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { card, enter, expect, listOf, schedule, test, toast, web } from './fixtures'

test('events are filtered in the URL, also on a narrow screen, and the results are counted', async ({
  page,
}) => {
  const name = `Filter${Date.now()}`
  const made = (title: string, part: Parameters<typeof schedule>[0]) =>
    schedule({ title: `${name} ${title}`, ...part })
  await made('free', { price: 0, currency: 'GBP', date: '2030-05-01T10:00:00Z', category: 'music' })
  await made('cheap', { price: 20, currency: 'EUR', date: '2030-05-02T10:00:00Z', category: 'film' })
  await made('dear', { price: 90, currency: 'EUR', date: '2030-05-03T10:00:00Z', category: 'music' })
  await page.setViewportSize({ width: 320, height: 640 })
  await enter(page, `/events?search=${name}`)
  await expect(page.getByText(`3 events found for ${name}`)).toBeVisible()
  await page.getByRole('button', { name: /^Filters/ }).click()
  await page.getByLabel('Price').selectOption('Free')
  await expect(page.getByText(`1 event found for ${name}`)).toBeVisible()
  await expect(page.getByRole('article')).toHaveAccessibleName(`${name} free`)
  await page.getByLabel('Price', { exact: true }).selectOption('Up to…')
  await page.getByLabel('Highest price').fill('50')
  await page.getByLabel('Currency').selectOption('EUR')
  await expect(page.getByText(`1 event found for ${name}`)).toBeVisible()
  await expect(page.getByRole('article')).toHaveAccessibleName(`${name} cheap`)
  await page.getByLabel('Price', { exact: true }).selectOption('Any price')
  await page.getByLabel('Category').selectOption('Music')
  await expect(page.getByText(`2 events found for ${name}`)).toBeVisible()
  await page.getByLabel('When').selectOption('Choose dates')
  await page.getByLabel('From').fill('2030-05-02')
  await page.getByLabel('To').fill('2030-05-03')
  await expect(page.getByText(`1 event found for ${name}`)).toBeVisible()
  await expect(page.getByRole('article')).toHaveAccessibleName(`${name} dear`)
  await page.reload()
  await expect(page.getByRole('article')).toHaveAccessibleName(`${name} dear`)
  await page.goBack()
  await expect(page.getByText(`2 events found for ${name}`)).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).toHaveURL(web() + '/events')
})

test('the page of an event shows its image, its end and its organizer, and takes it to other places', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read'])
  await page.addInitScript(() => Object.assign(navigator, { share: undefined }))
  await enter(page, '/events/new', 'organizer@example.com')
  const title = `Gala ${randomUUID()}`
  await page.getByLabel('Title', { exact: true }).fill(title)
  await page.getByLabel('Category').selectOption('Music')
  await page.getByLabel('Organizer’s name').fill('Opera Friends')
  const png = await page.screenshot({ clip: { x: 0, y: 0, width: 640, height: 360 } })
  await page
    .getByLabel('Choose an image')
    .setInputFiles({ name: 'gala.png', mimeType: 'image/png', buffer: png })
  await expect(page.getByRole('button', { name: 'Remove image' })).toBeVisible()
  await page.getByLabel('Venue', { exact: true }).fill('Opera House')
  await page.getByLabel('Time zone of the venue').selectOption('Europe/Berlin')
  await page.getByLabel('Date and time at the venue').fill('2030-10-27T02:30')
  await page.getByLabel('Which one?').selectOption('Second, after the clocks go back')
  await page.getByLabel('Ends').fill('2030-10-27T05:00')
  await page.getByLabel('Tickets').fill('5')
  await page.getByLabel('Price').fill('12.50')
  await page.getByRole('button', { name: 'Schedule event' }).click()
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
  await expect(page.locator('time').first()).toHaveAttribute('datetime', '2030-10-27T01:30:00Z')
  await expect(page.getByText('5:00 AM')).toBeVisible()
  await expect(page.getByText('Opera Friends')).toBeVisible()
  const image = page.locator('article img')
  await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(100)
  await expect(page.getByRole('link', { name: 'Show on a map' })).toHaveAttribute(
    'href',
    'https://www.openstreetmap.org/search?query=Opera%20House',
  )
  await page.getByRole('button', { name: 'Share' }).click()
  await expect(toast(page, 'Link copied.')).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url())
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Add to calendar' }).click()
  const calendar = await readFile(await (await downloading).path(), 'utf8')
  expect(calendar).toContain('DTSTART:20301027T013000Z')
  expect(calendar).toContain('DTEND:20301027T040000Z')

  await page.getByRole('link', { name: 'Edit event' }).click()
  await expect(page.getByLabel('Which one?')).toHaveValue('1')
  await expect(page.getByRole('button', { name: 'Remove image' })).toBeVisible()
})

for (const [list, who] of [
  ['/events', undefined],
  ['/desk', 'organizer@example.com'],
  ['/audit', 'auditor@example.com'],
] as const)
  test(`a link that is followed while one types in the search of ${list} leads where it says`, async ({
    page,
  }) => {
    const event = await schedule()
    await enter(page, `${list}?search=${encodeURIComponent(event.title)}`, who)
    // The next page comes late, as over a slow network, and time passes only here.
    let arrive = () => {}
    const asked = new Promise<void>((resolve) => {
      void page.route('**/*.txt?_rsc=*', async (route) => {
        resolve()
        await new Promise<void>((send) => (arrive = send))
        await route.continue()
      })
    })
    await page.clock.install()
    const link = page.getByRole('link', { name: event.title }).first()
    await expect(link).toBeVisible()
    await page.clock.pauseAt(Date.now() + 5_000)
    await page.getByRole('searchbox').press('End')
    await page.getByRole('searchbox').press('x')
    await link.click()
    await asked
    await page.clock.runFor(1_000)
    arrive()
    await page.clock.resume()
    await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeVisible()
    await expect(page).toHaveURL(web() + `${list}/${event.id}`)
    await page.goBack()
    await expect(page).toHaveURL(new RegExp(`^${web()}${list}\\?search=`))
  })

test('whether a sale has ended is told by the server’s clock', async ({ page }) => {
  const event = await schedule({ date: '2030-03-15T10:00:00Z' })
  await page.clock.setFixedTime('2031-01-01T00:00:00Z')
  await enter(page, listOf(event))
  await expect(card(page, event)).toContainText('20 tickets left')
  await expect(card(page, event).getByRole('button')).toHaveText(/^Book Now/)
  await expect(card(page, event).getByRole('button')).toBeEnabled()
  await card(page, event).getByRole('button').click()
  await expect(card(page, event).getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await page.goto(web() + '/bookings')
  await expect(
    page.getByRole('region', { name: 'Upcoming' }).getByRole('img', { name: /^QR code/ }),
  ).toBeVisible()
})

test('titles from right to left stay in their place', async ({ page }) => {
  const event = await schedule({ title: `ליל ג׳אז (2030) ${Date.now()}`, venue: 'مسرح 12' })
  await enter(page, `/events/${event.id}`)
  await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeVisible()
  // What follows is still written from left to right.
  const order = await page.evaluate(() => {
    const venue = [...document.querySelectorAll('dd bdi')].find((e) => e.textContent?.includes('12'))!
    const box = (e: Element) => e.getBoundingClientRect()
    return {
      direction: getComputedStyle(venue).unicodeBidi,
      left: box(venue).left,
      map: box(venue.nextElementSibling!).left,
    }
  })
  expect(order.direction).toBe('isolate')
  expect(order.left).toBeCloseTo(order.map, 0)
})

test('an event with invisible characters only is refused in plain words', async ({ page, refusals }) => {
  refusals(400, '/api/events')
  await enter(page, '/events/new', 'organizer@example.com')
  await page.getByLabel('Title', { exact: true }).fill('\u200b\u200b')
  await page.getByLabel('Venue', { exact: true }).fill('Hall')
  await page.getByLabel('Date and time at the venue').fill('2030-07-01T19:30')
  await page.getByLabel('Tickets').fill('5')
  await page.getByLabel('Price').fill('12.50')
  await page.getByRole('button', { name: 'Schedule event' }).click()
  await expect(page.getByLabel('Title', { exact: true })).toHaveAttribute('aria-invalid', 'true')
})
