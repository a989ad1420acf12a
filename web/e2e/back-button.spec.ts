import { enter, expect, test, web } from './fixtures'

// Playwright switches off that pages which were left are kept as they are, and shown again.
test.use({
  launchOptions: async ({ launchOptions }, run) =>
    run({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
})

test('the back button shows nothing of a user who has signed out', async ({ page, refusals }) => {
  refusals(404, '/nothing')
  // A connection that is still being made when the page is left counts as failed, in the console too.
  const connected = page.waitForEvent('websocket').then((socket) => socket.waitForEvent('framereceived'))
  await enter(page, '/account')
  await connected
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => {
      const isHidden = getComputedStyle(document.body).visibility === 'hidden'
      sessionStorage.setItem('restored', JSON.stringify({ persisted, isHidden }))
    })
  })
  await page.goto(web() + '/nothing')
  await page.evaluate(() => localStorage.removeItem('boxoffice.session')) // signed out in another tab
  await page.goBack({ waitUntil: 'commit' })
  await expect(page).toHaveURL(/\/login/)
  const restored = await page.evaluate(() => sessionStorage.getItem('restored'))
  expect(JSON.parse(restored ?? '{}')).toEqual({ persisted: true, isHidden: true })
})
