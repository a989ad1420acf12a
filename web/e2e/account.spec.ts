import {
  customer,
  enter,
  expect,
  linkFor,
  listOf,
  newEmail,
  NEW_PASSWORD,
  PASSWORD,
  schedule,
  test,
  toast,
  web,
  type Page,
} from './fixtures'

const ANOTHER = 'three chairs 2 pianos'

async function signIn(page: Page, email: string, password: string) {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const form = (page: Page, name: string) => page.getByRole('form', { name })

async function changePassword(page: Page, old: string, password: string) {
  await page.getByLabel('Current password', { exact: true }).fill(old)
  await page.getByLabel('New password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Change password' }).click()
}

test('the account page is in the menu, and is reached by keyboard', async ({ page }) => {
  await enter(page, '/events')
  await page.getByRole('button', { name: 'Account of Ada Lovelace' }).focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Account settings' })).toBeFocused()
  await expect(page).toHaveURL(web() + '/account')
})

test('a password is changed with the old one; other devices are signed out and told so, this one stays', async ({
  page,
  browser,
  refusals,
}) => {
  const email = await enter(page, '/account')
  const elsewhere = await (await browser.newContext()).newPage()
  const event = await schedule()
  await elsewhere.goto(web() + '/login?next=' + encodeURIComponent(listOf(event)))
  await signIn(elsewhere, email, NEW_PASSWORD)
  await expect(elsewhere.getByText('Live counts')).toBeVisible()
  await page.reload()
  await expect(page.getByText('Last used')).toHaveCount(1)

  refusals(403, '/api/auth/me/password')
  await changePassword(page, 'wrong', ANOTHER)
  await expect(page.getByText('That’s not your password.')).toBeVisible()
  await changePassword(page, NEW_PASSWORD, ANOTHER)
  await expect(toast(page, 'Password changed.')).toContainText('signed out on all other devices')
  await expect(page.getByText('Last used')).toHaveCount(0)
  await expect(page.getByText('This device')).toBeVisible()
  refusals(401, '/api/')
  await elsewhere.getByRole('button', { name: /^Book Now/ }).click()
  await expect(elsewhere.getByRole('form').getByRole('alert')).toHaveText(
    'Your session has ended. Please sign in again.',
  )
  await signIn(elsewhere, email, ANOTHER)
  await expect(elsewhere).toHaveURL(/\/events/)
  await page.reload()
  await expect(page.getByText('Last used')).toHaveCount(1)
  await elsewhere.context().close()
})

test('devices are listed, and signed out one by one or all at once', async ({ page, browser, refusals }) => {
  const email = await enter(page, '/events')
  const device = async (userAgent: string) => {
    const other = await (await browser.newContext({ userAgent })).newPage()
    await other.goto(web() + '/login?next=/bookings')
    await signIn(other, email, NEW_PASSWORD)
    await expect(other.getByText('You haven’t booked any events yet')).toBeVisible()
    return other
  }
  const phone = await device(
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
  )
  const desk = await device(
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  )
  refusals(401, '/api/')
  await page.goto(web() + '/account')
  const devices = page.getByRole('list', { name: 'Where you’re signed in' }).getByRole('listitem')
  await expect(devices).toHaveCount(3)
  await expect(devices.first()).toContainText('This device')

  await page.getByRole('button', { name: /^Sign out.*Safari on iOS/ }).click()
  await expect(toast(page, 'Safari on iOS is signed out.')).toBeVisible()
  await expect(devices).toHaveCount(2)
  await phone.reload()
  await expect(phone).toHaveURL(/\/login/)
  await desk.reload()
  await expect(desk.getByText('You haven’t booked any events yet')).toBeVisible()

  await page.getByRole('button', { name: 'Sign out all other devices' }).click()
  await expect(devices).toHaveCount(1)
  await desk.reload()
  await expect(desk).toHaveURL(/\/login/)
  await page.reload()
  await expect(devices).toHaveCount(1)

  await page.getByRole('button', { name: /^Sign out ?:/ }).click()
  await expect(page).toHaveURL(web() + '/login')
  for (const other of [phone, desk]) await other.context().close()
})

test('an e-mail address is verified with a link that is opened on another device, and changed', async ({
  page,
  browser,
  refusals,
}) => {
  const email = await enter(page, '/account')
  await expect(page.getByText('Not verified')).toBeVisible()
  await page.getByRole('button', { name: 'Send verification link' }).click()
  await expect(page.getByRole('status').filter({ hasText: `We’ve sent a link to ${email}` })).toBeVisible()
  const link = await linkFor(email, 'verify_email')

  const phone = await (await browser.newContext()).newPage()
  await phone.goto(link)
  await phone.getByRole('button', { name: 'Confirm e-mail' }).click()
  await expect(phone.getByRole('heading', { name: 'E-mail confirmed' })).toBeFocused()
  expect(phone.url()).not.toContain('token')
  await phone.context().close()
  await page.evaluate(() => dispatchEvent(new Event('visibilitychange'))) // back at the page
  await expect(page.getByText('Verified', { exact: true })).toBeVisible()

  const address = newEmail()
  const change = form(page, 'Change e-mail')
  await page.getByText('Change e-mail').click()
  await change.getByLabel('New e-mail').fill(address)
  await change.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await change.getByRole('button').last().click()
  await expect(page.getByRole('status').filter({ hasText: `We’ve sent a link to ${address}` })).toBeVisible()
  await expect(page.getByText(email, { exact: true }).first()).toBeVisible()
  await expect.poll(() => linkFor(email, 'verify_email')).not.toBe(link)
  await page.goto(await linkFor(email, 'verify_email'))
  await page.getByRole('button', { name: 'Confirm e-mail' }).click()
  await expect(page.getByRole('heading', { name: 'E-mail confirmed' })).toBeFocused()
  await page.goto(web() + '/account')
  await expect(page.getByText(address, { exact: true }).first()).toBeVisible()

  refusals(400, '/api/auth/email/confirm')
  await page.goto(link)
  await page.getByRole('button', { name: 'Confirm e-mail' }).click()
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeFocused()
  await page.getByRole('link', { name: 'Get a new link' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Account settings' })).toBeVisible()
})

test('a forgotten password is replaced with a link, which works once', async ({ page, refusals }) => {
  const { email } = await customer()
  await page.goto(web() + '/login')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await expect(page.getByRole('button', { name: 'Send link' })).toBeVisible() // both pages ask for an e-mail
  const said: string[] = []
  for (const address of [newEmail(), email]) {
    await page.getByLabel('E-mail').fill(address)
    await page.getByRole('button', { name: 'Send link' }).click()
    await expect(page.getByRole('heading', { name: 'Check your inbox' })).toBeFocused()
    said.push((await page.locator('main').innerText()).replace(address, 'ADDRESS'))
    await page.getByRole('button', { name: 'Try again' }).click()
  }
  expect(said[0], 'it does not tell whether somebody has the address').toBe(said[1])

  const link = await linkFor(email, 'reset_password')
  await page.goto(link)
  await page.getByLabel('New password', { exact: true }).fill('short')
  await page.getByRole('button', { name: 'Set new password' }).click()
  await expect(page.getByText('Use at least 8 characters.')).toBeVisible()
  await page.getByLabel('New password', { exact: true }).fill(ANOTHER)
  await page.getByRole('button', { name: 'Set new password' }).click()
  await expect(page.getByRole('heading', { name: 'Password changed' })).toBeFocused()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signIn(page, email, ANOTHER)
  await expect(page).toHaveURL(web() + '/events')

  refusals(400, '/api/auth/password-reset/confirm')
  await page.goto(link) // also while signed in
  await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Set new password' }).click()
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeFocused()
  await page.getByRole('link', { name: 'Get a new link' }).click()
  await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeVisible()
})

for (const path of ['/reset-password', '/verify-email'])
  test(`a link without its end is explained: ${path}`, async ({ page }) => {
    await page.goto(web() + path)
    await expect(page.getByRole('heading', { name: 'This link is incomplete' })).toBeVisible()
    await expect(page.getByRole('link', { name: 'Get a new link' })).toBeVisible()
  })

test('a program gets a key that is shown once, uses it for what it may, and loses it', async ({
  page,
  refusals,
}) => {
  await enter(page, '/account')
  await page.getByRole('button', { name: 'Create API key…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Ticket printer')
  await expect(dialog.getByRole('checkbox')).toHaveCount(2) // a customer has nothing to manage
  refusals(403, '/api/auth/keys')
  await dialog.getByLabel('Password', { exact: true }).fill('wrong')
  await page.keyboard.press('Enter')
  await expect(dialog.getByText('That’s not your password.')).toBeVisible()
  await dialog.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog', { name: 'Copy your new key' })).toBeVisible()
  const key = await dialog.getByLabel('API key').inputValue()
  expect(key).toMatch(/^bx_live_[0-9A-Za-z]{49}$/)
  await dialog.getByRole('button', { name: 'Copy' }).click()
  await expect(dialog.getByRole('button', { name: 'Copied' })).toBeVisible()
  await dialog.getByRole('button', { name: 'Done' }).click()

  const ask = (path: string, method = 'GET') =>
    fetch(web() + '/api' + path, { method, headers: { Authorization: `Bearer ${key}` } })
  expect((await ask('/bookings')).status).toBe(200)
  expect((await ask('/holds/00000000-0000-4000-8000-000000000001', 'DELETE')).status).toBe(403)
  await page.reload()
  const item = page.getByRole('list', { name: 'API keys' }).getByRole('listitem')
  await expect(item).toContainText('Last used')
  await expect(page.getByText(key)).toHaveCount(0)

  await item.getByRole('button', { name: /^Revoke ?: Ticket printer/ }).click()
  await page.getByRole('button', { name: 'Revoke key' }).click()
  await expect(toast(page, 'Ticket printer is revoked.')).toBeVisible()
  await expect(page.getByText('You have no API keys.')).toBeVisible()
  expect((await ask('/bookings')).status).toBe(401)
})

test('an account is deleted with its password, and its tickets are back on sale', async ({
  page,
  refusals,
}) => {
  const event = await schedule({ totalTickets: 1 })
  const email = await enter(page, listOf(event))
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await page.goto(web() + '/account')
  await page.getByRole('button', { name: 'Delete account…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete your account?' })
  await expect(dialog).toContainText('Your bookings for upcoming events are cancelled')
  refusals(403, '/api/auth/me/delete')
  await dialog.getByLabel('Password', { exact: true }).fill('wrong')
  await page.keyboard.press('Enter')
  await expect(dialog.getByText('That’s not your password.')).toBeVisible()
  refusals(401, '/api/auth/refresh')
  await dialog.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('form').getByRole('alert')).toHaveText('Your account has been deleted.')
  refusals(401, '/api/auth/login')
  await signIn(page, email, NEW_PASSWORD)
  await expect(page.getByRole('form').getByRole('alert')).toHaveText('Invalid credentials')
  await signIn(page, 'alice@example.com', PASSWORD)
  await expect(page).toHaveURL(/\/(account|events)/)
  await page.goto(web() + listOf(event))
  await expect(page.getByRole('button', { name: /^Book Now/ })).toBeEnabled()
})
