import { enter, expect, test, web } from './fixtures'

// Playwright switches off that pages which were left are kept as they are, and shown again.
test.use({
  launchOptions: async ({ launchOptions }, run) =>
    run({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
})

test('the back button shows nothing of a user who has signed out', async ({ page, refusals }) => {
  refusals(404, '/nothing')
  // Why a page was not kept: its next load can tell.
  await page.addInitScript(() => {
    const [loaded] = performance.getEntriesByType('navigation') as (PerformanceNavigationTiming & {
      notRestoredReasons?: unknown
    })[]
    if (loaded?.type === 'back_forward')
      sessionStorage.setItem('why', JSON.stringify(loaded.notRestoredReasons))
  })
  // A browser that is short of time or memory keeps no page; then it is tried again.
  await expect(async () => {
    await enter(page, '/events')
    await expect(page.getByText('Live counts')).toBeVisible() // a page with a connection
    await page.evaluate(() => {
      sessionStorage.clear()
      addEventListener('pageshow', ({ persisted }) => {
        const isHidden = getComputedStyle(document.body).visibility === 'hidden'
        sessionStorage.setItem('restored', JSON.stringify({ persisted, isHidden }))
      })
    })
    await page.goto(web() + '/nothing')
    await page.evaluate(() => localStorage.removeItem('boxoffice.session')) // signed out in another tab
    await page.goBack({ waitUntil: 'commit' })
    await expect(page).toHaveURL(/\/login/)
    const { restored, why } = await page.evaluate(() => ({ ...sessionStorage }))
    expect(JSON.parse(restored ?? '{}'), `not kept: ${why}`).toEqual({ persisted: true, isHidden: true })
  }).toPass()
})
