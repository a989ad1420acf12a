import { randomUUID } from 'node:crypto'
import {
  card,
  clickByHand,
  enter,
  expect,
  listOf,
  newEmail,
  NEW_PASSWORD,
  PASSWORD,
  schedule,
  test,
  toast,
  web,
  type Locator,
  type Page,
  type Request,
} from './fixtures'

/** Records the text of every heading painted on a page, from its first frame on. */
async function recordHeadings(page: Page) {
  await page.addInitScript(() => {
    const seen: string[] = JSON.parse(sessionStorage.getItem('seen') ?? '[]') as string[]
    const look = () => {
      for (const h1 of document.querySelectorAll('h1'))
        if (h1.checkVisibility({ visibilityProperty: true })) {
          const text = `${location.pathname} ${h1.textContent}`
          if (!seen.includes(text))
            sessionStorage.setItem('seen', JSON.stringify(seen.concat(seen.push(text) ? [] : [])))
        }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  return () => page.evaluate(() => JSON.parse(sessionStorage.getItem('seen') ?? '[]') as string[])
}

test('a guest sees only the sign-in page, and returns to the requested page after it', async ({ page }) => {
  const headings = await recordHeadings(page)
  for (const path of [
    '/bookings',
    '/events',
    '/events/new',
    '/events/6f0f5c3e-3a55-4d0c-9d53-6d9a4f3f2b10',
  ]) {
    await page.goto(web() + path)
    await expect(page).toHaveURL(web() + `/login?next=${encodeURIComponent(path)}`)
  }
  await page.goto(web() + '/events?search=jazz')
  await page.getByLabel('E-mail').fill('alice@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(web() + '/events?search=jazz')
  await expect(page.getByRole('article', { name: 'Jazz Night' })).toBeVisible()
  expect((await headings()).filter((h) => !h.startsWith('/login'))).toEqual(['/events Events'])
})

test('a signed-in user never sees the sign-in page', async ({ page }) => {
  await enter(page, '/events')
  const headings = await recordHeadings(page)
  for (const path of ['/login', '/register', '/login?next=https://evil.example/', '/']) {
    await page.goto(web() + path)
    await expect(page).toHaveURL(web() + '/events')
    await expect(page.getByRole('article').first()).toBeVisible()
  }
  expect(await headings()).toEqual(['/events Events'])
})

test('wrong credentials are refused in the form, without naming the wrong field', async ({
  page,
  refusals,
}) => {
  refusals(401, '/api/auth/login')
  await page.goto(web() + '/login')
  await page.getByLabel('E-mail').fill('nobody@example.com')
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('form').getByRole('alert')).toHaveText('Invalid credentials')
})

test('a session survives a reload, with its token in no storage', async ({ page, context }) => {
  await enter(page, '/bookings')
  await page.reload()
  await expect(page.getByText('You haven’t booked any events yet')).toBeVisible()
  const stored = await page.evaluate(
    () => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie,
  )
  expect(stored).not.toContain('eyJ')
  const [cookie, ...others] = await context.cookies()
  expect(others).toEqual([])
  expect(cookie).toMatchObject({
    name: 'boxoffice_refresh',
    path: '/api/auth',
    httpOnly: true,
    secure: false, // over plain http on this machine, where Safari keeps no Secure cookie
    sameSite: 'Strict',
  })
})

test('several tabs that start at once renew the session one after another, and all have it', async ({
  page,
  context,
}) => {
  await enter(page, '/events')
  const tabs = await Promise.all([1, 2, 3].map(() => context.newPage()))
  await Promise.all(tabs.map((tab) => tab.goto(web() + '/bookings')))
  for (const tab of tabs) await expect(tab.getByText('You haven’t booked any events yet')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('article').first()).toBeVisible()
})

test('an access token that expires is renewed in the middle of a booking', async ({ page, refusals }) => {
  const event = await schedule()
  await enter(page, listOf(event))
  refusals(401, '/api/book')
  const keys: (string | undefined)[] = []
  await page.route('**/api/book', (route) => {
    const headers = route.request().headers()
    keys.push(headers['idempotency-key'])
    return route.continue({
      headers: { ...headers, ...(keys.length === 1 && { authorization: 'Bearer expired' }) },
    })
  })
  await card(page, event).getByRole('button').click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  expect(keys).toEqual([keys[0], keys[0]])
})

test('an expired session leads to the sign-in page, and back', async ({ page, context, refusals }) => {
  const event = await schedule()
  const email = await enter(page, listOf(event))
  await expect(card(page, event).getByRole('button')).toBeEnabled()
  refusals(401, '/api/')
  await context.clearCookies()
  await page.route('**/api/book', (route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer expired' } }),
  )
  await card(page, event).getByRole('button').click()
  await expect(page.getByRole('form').getByRole('alert')).toHaveText(
    'Your session has ended. Please sign in again.',
  )
  await page.unroute('**/api/book')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(card(page, event).getByRole('button')).toHaveText(/^Book Now/)
})

test('signing out and in in one tab does so in all', async ({ page, context, refusals }) => {
  const email = await enter(page, '/events')
  const other = await context.newPage()
  await other.goto(web() + '/bookings')
  await expect(other.getByText('You haven’t booked any events yet')).toBeVisible()
  await page.getByRole('button', { name: 'Account of Ada Lovelace' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  for (const tab of [page, other]) await expect(tab).toHaveURL(web() + '/login')
  await expect.poll(() => context.cookies()).toEqual([])
  refusals(401, '/api/auth/refresh')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  for (const tab of [page, other]) await expect(tab).toHaveURL(web() + '/events')
})

test('an unreachable server ends no session', async ({ page, refusals }) => {
  await enter(page, '/events')
  refusals(0, '/api/auth/refresh')
  await page.route('**/api/auth/refresh', (route) => route.abort())
  await page.reload()
  await expect(page.getByText('The box office can’t be reached')).toBeVisible()
  await page.goto(web() + '/login')
  await expect(page.getByText('The box office can’t be reached')).toBeVisible()
  await page.unroute('**/api/auth/refresh')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('article').first()).toBeVisible()
})

test('the first click of a mouse on Create account counts', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 1080 }) // scrolling would reset it
  await page.goto(web() + '/register')
  await page.getByLabel('Name').click()
  await page.keyboard.type('Ada Lovelace')
  await page.getByLabel('E-mail').click()
  await page.keyboard.type(newEmail())
  await page.getByLabel('Password', { exact: true }).click()
  await page.keyboard.type(NEW_PASSWORD)
  await page.getByLabel('Confirm password', { exact: true }).click()
  await page.keyboard.type(NEW_PASSWORD)
  await clickByHand(page, page.getByRole('button', { name: 'Create account' }), 'bottom')
  await expect(page).toHaveURL(web() + '/events')
})

test('on the narrowest phone, no press is lost to an error that comes when a field is left', async ({
  page,
}) => {
  await page.setViewportSize({ width: 320, height: 1200 }) // scrolling would reset it
  const pressAfterTyping = async (target: Locator) => {
    await page.goto(web() + '/register')
    await page.getByLabel('E-mail').click()
    await page.keyboard.type('nobody')
    await clickByHand(page, target, 'top')
  }
  await pressAfterTyping(page.locator('main').getByRole('link', { name: 'Sign in' }))
  await expect(page).toHaveURL(web() + '/login')
  await pressAfterTyping(page.getByRole('button', { name: 'Create account' }))
  await expect(page.getByText('Enter your name.')).toBeVisible() // it was sent
})

test('the register form complains about a field only after it was left, or all was sent', async ({
  page,
}) => {
  await page.goto(web() + '/register')
  const errors = page.locator('[aria-invalid]')
  await page.getByLabel('Password', { exact: true }).click()
  await page.keyboard.type('short')
  await expect(errors).toHaveCount(0)
  await page.getByLabel('Name').click()
  await expect(page.getByText('Use at least 8 characters.')).toBeVisible()
  await expect(errors).toHaveCount(1)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(errors).toHaveCount(4)
  await expect(page.getByLabel('Name')).toBeFocused()
})

test('an e-mail that is registered leads to the sign-in page, and on to the page that was wanted', async ({
  page,
  refusals,
}) => {
  refusals(409, '/api/auth/register')
  await page.goto(web() + '/register?next=/bookings')
  await page.getByLabel('Name').fill('Alice Again')
  await page.getByLabel('E-mail').fill('alice@example.com')
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel('Confirm password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByText('This e-mail is already registered.')).toBeVisible()
  await expect(page.getByLabel('E-mail')).toBeFocused()
  await page.getByRole('link', { name: 'Sign in instead?' }).click()
  await expect(page).toHaveURL(web() + '/login?next=%2Fbookings')
})

test('a registration that is sent before the scripts are there waits for them', async ({ page }) => {
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/_next/static/**/*.js', (route) => released.then(() => route.continue()))
  await page.goto(web() + '/register', { waitUntil: 'commit' })
  await page.getByLabel('Name').fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill(newEmail())
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel('Confirm password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  release()
  await expect(page).toHaveURL(web() + '/events')
})

async function signOut(page: Page) {
  await page.getByRole('button', { name: 'Account of Ada Lovelace' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
}

test('signing out is not undone by the answer of a refresh that was under way', async ({
  page,
  context,
  refusals,
}) => {
  const event = await schedule()
  await enter(page, listOf(event))
  const other = await context.newPage()
  await other.goto(web() + '/bookings')
  await expect(other.getByText('You haven’t booked any events yet')).toBeVisible()
  refusals(401, '/api/book')
  await page.route('**/api/book', (route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer expired' } }),
  )
  let answer = () => {}
  const isOver = new Promise<void>((resolve) => (answer = resolve))
  let ask = () => {}
  const isAsked = new Promise<void>((resolve) => (ask = resolve))
  await page.route('**/api/auth/refresh', async (route) => {
    ask()
    await isOver
    const user = { id: randomUUID(), email: newEmail(), name: 'Ada Lovelace', role: 'customer' }
    // The page may have stopped waiting for it.
    await route.fulfill({ json: { user, accessToken: 'late' } }).catch(() => undefined)
  })
  await card(page, event).getByRole('button').click()
  await isAsked
  const isRefresh = (request: Request) => request.url().endsWith('/api/auth/refresh')
  const ended = Promise.race([
    page.waitForEvent('requestfinished', isRefresh),
    page.waitForEvent('requestfailed', isRefresh),
  ])
  await signOut(other)
  for (const tab of [page, other]) await expect(tab).toHaveURL(/\/login/)
  const used: string[] = []
  page.on('request', (request) => {
    if (request.headers().authorization === 'Bearer late') used.push(request.url())
  })
  answer()
  await ended
  await page.evaluate(async () => {
    for (let frame = 0; frame < 6; frame++) await new Promise(requestAnimationFrame)
  })
  expect(used).toEqual([])
  for (const tab of [page, other]) {
    expect(await tab.evaluate(() => localStorage.getItem('boxoffice.session'))).toBeNull()
    await expect(tab.getByRole('button', { name: 'Sign in' })).toBeVisible()
    await tab.goto(web() + '/events')
    await expect(tab).toHaveURL(/\/login/)
  }
})

test('signing out without the server is shown, lasts, and is sent later', async ({
  page,
  context,
  refusals,
}) => {
  await enter(page, '/events')
  refusals(0, '/api/auth/logout')
  await page.route('**/api/auth/logout', (route) => route.abort())
  await signOut(page)
  await expect(page.getByRole('alert').filter({ hasText: 'You are signed out on this device' })).toBeVisible()
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/api/')) asked.push(new URL(request.url()).pathname)
  })
  await page.goto(web() + '/bookings')
  await expect(page).toHaveURL(/\/login/)
  await expect(page.getByRole('form').getByRole('alert')).toContainText('You are signed out on this device')
  expect(await context.cookies()).toHaveLength(1)
  expect([...new Set(asked)]).toEqual(['/api/auth/logout'])
  await page.unroute('**/api/auth/logout')
  await page.reload()
  await expect.poll(() => context.cookies()).toEqual([])
  await expect(page.getByRole('form').getByRole('alert')).toBeHidden()
})
