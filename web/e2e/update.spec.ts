import { recordComplaints } from './complaints'
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

test('a page from before an update still signs in, and then loads the next page in full', async ({
  page,
  refusals,
}) => {
  // React logs every error that an error boundary catches.
  refusals('ChunkLoadError', '/_next/static/')
  const complaints = await recordComplaints(page)
  await page.goto(web() + '/login')
  await update(page)
  await page.getByLabel('E-mail').fill('alice@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('article').first()).toBeVisible()
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
    PASSWORD,
  )
  expect(await complaints()).toEqual([])
})

test('a page from before an update still books', async ({ page }) => {
  const event = await schedule()
  await enter(page, listOf(event))
  await expect(card(page, event).getByRole('button')).toBeEnabled()
  const loads = await update(page)
  await card(page, event).getByRole('button').click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  expect(loads()).toBe(0)
})

test('a page from before an update opens the next page after one load', async ({ page, refusals }) => {
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
  expect(await complaints()).toEqual([])
  expect(loads()).toBeLessThanOrEqual(1) // none, if the link has fetched it before
})
