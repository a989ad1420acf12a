import { card, enter, expect, listOf, PASSWORD, schedule, test, toast, web, type Page } from './fixtures'

test.beforeEach(({ refusals }) => refusals(404, '/_next/static/'))

/**
 * Simulates an update of the server while a page is open: files of the old build that the page has
 * not loaded yet are missing. A page loaded afterwards belongs to the new build and finds its
 * files, unless they stay missing. Returns a function that counts the page loads since.
 */
async function update(page: Page, { staysMissing = false } = {}): Promise<() => number> {
  const loaded = new Set(
    await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name)),
  )
  let loads = 0
  await page.route('**/*', async (route) => {
    const request = route.request()
    const isStatic = request.url().includes('/_next/static/')
    if (request.isNavigationRequest()) loads++
    if (isStatic && !loaded.has(request.url()) && (staysMissing || loads === 0))
      await route.fulfill({ status: 404, contentType: 'text/plain', body: '404 page not found' })
    else await route.continue()
  })
  return () => loads
}

/** Records texts, from the first frame of a page on, that must not appear during an update. */
async function recordComplaints(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const wrong = /offline|has failed|be reached|Something (went wrong|unexpected)|Failed to/
    const look = () => {
      const [complaint] = wrong.exec(document.body?.innerText ?? '') ?? []
      if (complaint) sessionStorage.setItem(`complaint ${complaint}`, '')
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  return () => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('complaint')))
}

test('a page from before an update signs in after one load, which keeps the e-mail', async ({ page }) => {
  const complaints = await recordComplaints(page)
  await page.goto(web() + '/login')
  const loads = await update(page)
  await page.getByLabel('E-mail').fill('alice@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect.poll(loads).toBe(1)
  await expect(page.getByLabel('E-mail')).toHaveValue('alice@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('article').first()).toBeVisible()
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
    PASSWORD,
  )
  expect(await complaints()).toEqual([])
  expect(loads()).toBe(1)
})

test('a page from before an update books after one load', async ({ page }) => {
  const complaints = await recordComplaints(page)
  const event = await schedule()
  await enter(page, listOf(event))
  await expect(card(page, event).getByRole('button')).toBeEnabled()
  const loads = await update(page)
  await card(page, event).getByRole('button').click()
  await expect.poll(loads).toBe(1)
  await card(page, event)
    .getByRole('button', { name: /^Book Now/ })
    .click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  expect(await complaints()).toEqual([])
  expect(loads()).toBe(1)
})

test('a page from before an update shows the bookings after one load, and another one cancels', async ({
  page,
  refusals,
}) => {
  // React logs every error that an error boundary catches.
  refusals('ChunkLoadError', '/_next/static/')
  const complaints = await recordComplaints(page)
  const event = await schedule()
  await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  const loads = await update(page)
  await page.getByRole('link', { name: 'My bookings' }).click()
  await expect(card(page, event)).toContainText('Confirmed')
  await expect(page).toHaveURL(web() + '/bookings')
  expect(loads()).toBe(1)

  // Reload, so that the code behind the button is not loaded yet; then the next update.
  await page.unrouteAll()
  await page.reload()
  await expect(card(page, event)).toContainText('Confirmed')
  const more = await update(page)
  const cancel = card(page, event).getByRole('button', { name: /Cancel Booking/ })
  const dialog = page.getByRole('alertdialog', { name: 'Cancel this booking?' })
  // After a real update this would be another build.
  await page.evaluate(() => sessionStorage.removeItem('boxoffice.reloaded'))
  await cancel.click()
  await expect.poll(more).toBe(1)
  await cancel.click()
  await dialog.getByRole('button', { name: 'Cancel Booking' }).click()
  await expect(toast(page, `Your booking for ${event.title} is cancelled.`)).toBeVisible()
  expect(await complaints()).toEqual([])
  expect(more()).toBe(1)
})

test('code that stays missing leads to one load and then to an error, not to a loop', async ({ page }) => {
  const event = await schedule()
  await enter(page, listOf(event))
  await expect(card(page, event).getByRole('button')).toBeEnabled()
  const loads = await update(page, { staysMissing: true })
  await card(page, event).getByRole('button').click()
  await expect.poll(loads).toBe(1)
  await card(page, event)
    .getByRole('button', { name: /^Book Now/ })
    .click()
  const alert = page.getByRole('alert').filter({ hasText: 'Failed to complete booking. Please try again.' })
  await expect(alert).toBeVisible()
  await expect(alert).not.toContainText('offline')
  expect(loads()).toBe(1)
})
