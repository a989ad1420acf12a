import { expect, signIn, test, web } from './fixtures'

test('a tab that is frozen while it renews the session does not keep the others from it', async ({
  page,
  context,
}) => {
  await signIn(page)
  const frozen = await context.newPage()
  // Its request is never answered, and no time passes for it: it keeps the lock.
  await frozen.addInitScript(() => {
    const set = window.setTimeout
    window.setTimeout = ((run: () => void, ms = 0) => (ms < 1_000 ? set(run, ms) : 0)) as typeof setTimeout
  })
  const asked = frozen.waitForRequest('**/api/auth/refresh')
  await frozen.route('**/api/auth/refresh', () => undefined)
  await frozen.goto(web() + '/events')
  await asked
  const holders = () =>
    page.evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name))
  expect(await holders()).toContain('boxoffice.refresh')

  await page.goto(web() + '/events')
  await expect(page.getByRole('article').first()).toBeVisible()
})
