import { randomUUID } from 'node:crypto'
import {
  card,
  expect,
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

// A host name other than localhost, like a machine in the local network: over plain http its pages
// are not a secure context.
const NAME = 'boxoffice.test'
test.use({
  launchOptions: async ({ launchOptions, browserName }, run) =>
    run(
      browserName === 'chromium'
        ? {
            ...launchOptions,
            args: [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
          }
        : launchOptions,
    ),
})

/** Walks through the main flows: register, book, schedule an event, cancel it. */
async function useEverything(page: Page, origin: string) {
  const event = await schedule()
  await page.goto(`${origin}/register?next=${encodeURIComponent(listOf(event))}`)
  await page.getByLabel('Name').fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill(newEmail())
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByLabel('Confirm password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByText('Live counts')).toBeVisible()
  await card(page, event).getByRole('button').click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await page.getByRole('button', { name: 'Account of Ada Lovelace' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(origin + '/login')

  await page.getByLabel('E-mail').fill('organizer@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Schedule an event' }).click()
  const title = `Gala ${randomUUID()}`
  await expect(page.getByRole('heading', { level: 1, name: 'Schedule an event' })).toBeVisible()
  await page.getByLabel('Title', { exact: true }).fill(title)
  await page.getByLabel('Venue', { exact: true }).fill('Opera House')
  await page.getByLabel('Date and time at the venue').fill('2030-07-01T19:30')
  await page.getByLabel('Tickets').fill('5')
  await page.getByLabel('Price').fill('12.50')
  await page.getByRole('button', { name: 'Schedule event' }).click()
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
  await page.getByRole('button', { name: 'Cancel event' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Cancel this event?' })
  await dialog.getByRole('button', { name: 'Cancel event' }).click()
  await expect(page.getByRole('button', { name: /^Cancelled/ })).toBeDisabled()
}

test.describe('over plain http, under another name', () => {
  test.skip(({ browserName }) => browserName !== 'chromium', 'only Chromium maps names')
  test.beforeEach(({ refusals }) => refusals('Cross-Origin-Opener-Policy header has been ignored', '/'))

  const origin = () => web().replace(/\/\/[^:/]+/, `//${NAME}`)

  test('everything works', async ({ page }) => {
    await page.goto(origin() + '/login')
    expect(await page.evaluate(() => isSecureContext)).toBe(false)
    await useEverything(page, origin())
  })

  test('a session survives a reload', async ({ page }) => {
    await page.goto(origin() + '/login')
    await page.getByLabel('E-mail').fill('alice@example.com')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('article').first()).toBeVisible()
    await page.reload()
    await expect(page.getByRole('article').first()).toBeVisible()
    await expect(page).toHaveURL(origin() + '/events')
  })
})

test('everything works without the APIs that browsers before 2024 lack', async ({ page }) => {
  await page.addInitScript(() => {
    const lacking: [object, string[]][] = [
      [AbortSignal, ['any', 'timeout']],
      [Crypto.prototype, ['randomUUID']],
      [Promise, ['withResolvers', 'try']],
      [Array, ['fromAsync']],
      [Array.prototype, ['toSorted', 'toReversed', 'toSpliced', 'with']],
      [Object, ['groupBy']],
      [Map, ['groupBy']],
      [
        Set.prototype,
        ['union', 'intersection', 'difference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom'],
      ],
      [String.prototype, ['isWellFormed', 'toWellFormed']],
      [URL, ['canParse', 'parse']],
      [URLSearchParams.prototype, ['size']],
      [Element.prototype, ['checkVisibility']],
      [Document.prototype, ['startViewTransition']],
      [window, ['Temporal', 'Iterator', 'navigation', 'scheduler', 'requestIdleCallback', 'CloseWatcher']],
    ]
    for (const [owner, names] of lacking) for (const name of names) Reflect.deleteProperty(owner, name)
  })
  await page.goto(web() + '/login')
  expect(await page.evaluate(() => [typeof crypto.randomUUID, 'any' in AbortSignal])).toEqual([
    'undefined',
    false,
  ])
  await useEverything(page, web())
})
