import {
  card,
  customer,
  enter,
  expect,
  listOf,
  PASSWORD,
  schedule,
  signIn,
  test,
  toast,
  web,
  type Page,
} from './fixtures'

test('booking works on a page that the browser has translated', async ({ page }) => {
  const event = await schedule({ totalTickets: 20 })
  await enter(page, listOf(event))
  await expect(card(page, event).getByRole('button')).toBeEnabled()
  await translate(page)
  await card(page, event).getByRole('button').click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await expect(card(page, event).getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await expect(card(page, event)).toContainText('19 tickets left')
  await page.goto(web() + `/events/${event.id}`)
  await expect(page.getByText('Live counts')).toBeVisible()
  await translate(page)
  await (await customer()).book(event)
  await expect(page.getByText('18 of 20 tickets left')).toBeVisible()
})

test('tickets are reserved and paid for on a page that the browser has translated', async ({ page }) => {
  const ticketTypes = [
    { name: 'Seated', price: 30 },
    { name: 'Standing', price: 12.5 },
  ]
  const event = await schedule({ price: undefined, maxPerCustomer: 2, ticketTypes })
  await enter(page, `/events/${event.id}`)
  await expect(page.getByText('Live counts')).toBeVisible()
  await translate(page)
  await page.getByRole('button', { name: 'One more: Seated' }).click()
  await page.getByRole('button', { name: 'One more: Standing' }).click()
  await page.getByRole('button', { name: 'Reserve 2 tickets' }).click()
  await expect(page.getByRole('timer')).toBeVisible()
  await translate(page)
  const left = await page.getByRole('timer').textContent()
  await expect(page.getByRole('timer')).not.toHaveText(left!)
  await page.getByRole('button', { name: 'Pay $42.50' }).click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
})

/** What translators do: each text moves into elements of their own. */
const translate = (page: Page) =>
  page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found: Node[] = []
    while (texts.nextNode())
      if (!texts.currentNode.parentElement?.closest('script')) found.push(texts.currentNode)
    for (const text of found) {
      const font = document.createElement('font')
      text.parentNode!.replaceChild(font, text)
      font.append(text)
    }
  })

test('a sign-in that is sent before the scripts are there waits for them', async ({ page }) => {
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/_next/static/**/*.js', (route) => released.then(() => route.continue()))
  await page.goto(web() + '/login', { waitUntil: 'commit' })
  await page.getByLabel('E-mail').fill('alice@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByLabel('Password', { exact: true }).press('Enter')
  await expect(page.getByLabel('E-mail')).toHaveValue('alice@example.com')
  expect(page.url()).toBe(web() + '/login')
  release()
  await expect(page).toHaveURL(web() + '/events')
})

test('a page of events beyond the last one leads to the last one', async ({ page }) => {
  const event = await schedule()
  await enter(page, listOf(event) + '&page=99')
  await expect(card(page, event)).toBeVisible()
  expect(page.url()).not.toContain('page=')
})

test('nothing is left for the next person at this browser, by the back button either', async ({
  page,
  refusals,
}) => {
  refusals(404, '/nothing')
  await enter(page, '/bookings')
  await page.goto(web() + '/nothing')
  await page.evaluate(() => localStorage.removeItem('boxoffice.session')) // signed out in another tab
  await page.goBack()
  await expect(page).toHaveURL(/\/login/)
})

for (const [path, who] of [
  ['/events', 'auditor'],
  ['/bookings', 'auditor'],
  ['/audit', 'auditor'],
  ['/account', 'auditor'],
  ['/desk', 'organizer'],
  ['/desk/webhooks', 'organizer'],
] as const)
  test(`${path} recovers by itself when the server is back`, async ({ page, refusals }) => {
    await signIn(page, `${who}@example.com`)
    refusals(0, '/api/')
    refusals(503, '/api/')
    // A server that restarts is no event of the browser.
    await page.route(/\/api\/(?!auth\/refresh)/, (route) => route.abort())
    await page.goto(web() + path)
    const failures = page.getByRole('alert').filter({ hasText: /couldn’t be loaded/ })
    await expect(failures.first()).toBeVisible()
    await page.unrouteAll()
    await expect(failures).toHaveCount(0)
    await expect(page.getByRole('alert').filter({ hasText: /can’t/ })).toHaveCount(0)
  })

test('the search keeps every letter on a slow machine', async ({ page, browserName }) => {
  test.skip(browserName !== 'chromium', 'only Chromium can be slowed down')
  const event = await schedule({ title: `Evening with a long name ${Date.now()}` })
  await enter(page, '/events')
  await expect(page.getByRole('article').first()).toBeVisible()
  const devTools = await page.context().newCDPSession(page)
  await devTools.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await page.getByRole('searchbox').pressSequentially(event.title, { delay: 10 })
  await expect(page.getByRole('searchbox')).toHaveValue(event.title)
  await devTools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  await expect(page).toHaveURL(new RegExp(`search=.*${event.title.split(' ').at(-1)}$`))
  await expect(page.getByRole('article')).toHaveCount(1)
  await expect(page.getByRole('searchbox')).toHaveValue(event.title)
})
