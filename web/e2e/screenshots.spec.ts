import { enter, expect, test, web } from './fixtures'

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
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${images}events.png`, animations: 'disabled' })

  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 375, height: 812 })
  await page.goto(web() + '/events?sortBy=price&sortOrder=desc')
  await expect(page.getByText('Live counts')).toBeVisible()
  await expect(page.getByRole('article').first()).toBeVisible()
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${images}events-phone.png`, animations: 'disabled' })
})
