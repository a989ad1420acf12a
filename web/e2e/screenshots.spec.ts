import { enter, expect, test, web, type Page } from './fixtures'

// The screenshots of the README, on a newly seeded system: `make screenshots`.
test.skip(!process.env.SCREENSHOTS, 'make screenshots takes them')

const images = new URL('../../docs/images/', import.meta.url).pathname

test('the events, on a desk and on a phone', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 1280, height: 850 })
  await enter(page, '/events', 'alice@example.com')
  await page.getByRole('button', { name: /^Book Now.*Jazz Night/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓.*Jazz Night/ })).toBeVisible()
  await page.getByRole('button', { name: 'Close toast' }).click()
  await expect(page.locator('[data-sonner-toast]')).toHaveCount(0)
  await expect(page.getByText('Live counts')).toBeVisible()
  await page.evaluate(() => scrollTo(0, 0))
  await page.mouse.move(0, 0)
  await take(page, 'events')

  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 375, height: 812 })
  await page.goto(web() + '/events?sortBy=price&sortOrder=desc')
  await expect(page.getByText('Live counts')).toBeVisible()
  await take(page, 'events-phone')
})

async function take(page: Page, name: string) {
  const poster = page.getByRole('article').first().locator('svg[viewBox="0 0 320 180"]')
  await expect(poster).toBeVisible() // they come after the page
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${images}${name}.png`, animations: 'disabled' })
}
