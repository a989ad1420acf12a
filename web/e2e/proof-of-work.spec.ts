import { enter, expect, newEmail, NEW_PASSWORD, schedule, test, toast, web, type Page } from './fixtures'

/**
 * The API asks for a proof of work at one path, and looks at it there: what the program answers to
 * the second request is real.
 */
async function askForProof(page: Page, path: string) {
  const proofs: (string | null)[] = []
  await page.route(`**/api${path}`, async (route) => {
    const proof = await route.request().headerValue('Proof-Of-Work')
    proofs.push(proof)
    if (proof) return route.continue()
    await route.fulfill({
      status: 403,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: 'about:blank',
        title: 'Forbidden',
        status: 403,
        code: 'proof_of_work_required',
        detail: 'Solve a challenge first',
      }),
    })
  })
  return proofs
}

// The fixture fails for any complaint of the Content-Security-Policy.
test('a browser solves the challenge of a registration by itself', async ({ page, refusals }) => {
  refusals(403, '/api/auth/register')
  const proofs = await askForProof(page, '/auth/register')
  await page.goto(web() + '/register')
  await page.getByLabel('Name').fill('Ann')
  await page.getByLabel('E-mail').fill(newEmail())
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel('Confirm password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page).toHaveURL(/\/events/, { timeout: 30_000 }) // how long a solution takes is chance
  expect(proofs).toEqual([null, expect.stringMatching(/^ey/)])
})

test('the program accepts the solution of a browser for a booking', async ({ page, refusals }) => {
  const event = await schedule({ totalTickets: 1 })
  refusals(403, '/api/book')
  const proofs = await askForProof(page, '/book')
  await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book/ }).click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible({ timeout: 30_000 })
  expect(proofs).toEqual([null, expect.stringMatching(/^ey/)])
})
