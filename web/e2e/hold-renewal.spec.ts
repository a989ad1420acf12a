import { call, customer, expect, NEW_PASSWORD, schedule, signIn, test, toast, tokenOf, web } from './fixtures'

interface Holds {
  data: { id: string; expiresAt: string }[]
}

test('a reservation that ends soon gets more time', async ({ page }) => {
  const ticketTypes = [
    { name: 'Seated', price: 30 },
    { name: 'Standing', price: 12.5 },
  ]
  const event = await schedule({ price: undefined, maxPerCustomer: 2, ticketTypes })
  const guest = await customer()
  await guest.hold(event)
  const token = await tokenOf(guest.email, NEW_PASSWORD)
  const held = async () => (await call<Holds>('/holds', token, undefined, 'GET')).data[0]!
  const before = await held()

  // The server's clock can't be moved: this page is told of an earlier end, until it has asked for more.
  let isRenewed = false
  await page.route('**/api/holds', async (route) => {
    if (route.request().method() !== 'GET' || isRenewed) return route.continue()
    const response = await route.fetch()
    const { data, ...rest } = (await response.json()) as Holds
    const expiresAt = new Date(Date.now() + 90_000).toISOString()
    await route.fulfill({ response, json: { ...rest, data: data.map((hold) => ({ ...hold, expiresAt })) } })
  })
  await signIn(page, guest.email, NEW_PASSWORD)
  await page.goto(web() + `/events/${event.id}`)
  await expect(page.getByRole('timer')).toHaveText(/^1:[0-2]\d$/)
  page.on(
    'request',
    (request) => (isRenewed ||= request.method() === 'POST' && /\/api\/holds$/.test(request.url())),
  )
  const heldAt = Date.parse(before.expiresAt) - 600_000
  await expect.poll(() => Date.now() - heldAt, 'a renewal gains at least 5 seconds').toBeGreaterThan(5_500)
  await page.getByRole('button', { name: 'Get more time' }).click()
  await expect(toast(page, 'You have more time now.')).toBeVisible()
  await expect(page.getByRole('timer')).toHaveText(/^(10:00|9:[3-5]\d)$/)
  await expect(page.getByRole('button', { name: 'Get more time' })).toHaveCount(0)

  const after = await held()
  expect(after.id).toBe(before.id)
  expect(Date.parse(after.expiresAt)).toBeGreaterThan(Date.parse(before.expiresAt))
  await page.reload()
  await expect(page.getByRole('timer')).toHaveText(/^(10:00|9:\d\d)$/)
})
