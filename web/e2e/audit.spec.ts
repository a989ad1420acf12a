import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { customer, enter, expect, schedule, test, web, type Locator, type Page } from './fixtures'

const AUDITOR = 'auditor@example.com'

/** Presses a button that starts a download. Returns the path of the file. */
async function downloadBy(page: Page, button: Locator): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
  return download.path()
}

/** Runs a command that checks a file without the database. Throws on an exit code other than 0. */
async function check(command: 'verify-export' | 'verify-proof', path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.env.BOXOFFICE_PROGRAM!, ['audit', command, path], {
    env: { ...process.env, DATA_DIR: process.env.BOXOFFICE_DATA_DIR, NODE_ENV: 'production' },
  })
  return stdout
}

test('an auditor finds a stream, goes back in time, verifies and exports it', async ({ page }) => {
  const event = await schedule({ totalTickets: 3 })
  const [ada, ben] = [await customer(), await customer()]
  const { booking } = await ada.book(event)
  await ben.book(event)
  await ada.cancel(booking.id)

  await enter(page, '/events', AUDITOR)
  await page.getByRole('link', { name: 'Audit' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Audit' })).toBeFocused()
  await page.getByRole('searchbox', { name: 'Search by title or ID' }).fill(event.title)
  await expect(page).toHaveURL(/\/audit\?search=Recital/)
  const found = page.getByRole('listitem').filter({ hasText: event.title })
  await expect(found).toContainText('4 entries')
  await expect(found).toContainText('2 of 3 tickets left')
  await found.getByRole('link', { name: event.title }).click()

  await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeFocused()
  const past = page.getByRole('region', { name: 'At that moment' })
  const remaining = past.locator('dl > div').filter({ hasText: 'Tickets left' })
  await expect(remaining).toContainText('2')
  await expect(past).toContainText(/^.*Customer \w{4} cancelled a booking/)

  const slider = page.getByRole('slider', { name: 'Moment in time' })
  await slider.focus()
  await page.keyboard.press('ArrowLeft')
  await expect(page).toHaveURL(/\?at=3$/)
  await expect(remaining).toContainText('1')
  await expect(past).toContainText(`Customer ${ben.id.slice(-4)} booked a ticket`)
  await page.keyboard.press('Home')
  await expect(page).toHaveURL(/\?at=1$/)
  await expect(remaining).toContainText('3')
  await expect(past).toContainText('The event was scheduled with 3 tickets')
  await page.getByRole('button', { name: /^Entry 2:/ }).click()
  await expect(page).toHaveURL(/\?at=2$/)
  await expect(slider).toHaveValue('2')
  await expect(past).toContainText(`Done by user${ada.id}`)
  await page.reload()
  await expect(slider).toHaveValue('2')
  await expect(remaining).toContainText('2')
  await page.goBack()
  await expect(slider).toHaveValue('1')

  const charts = page.getByRole('region', { name: 'Tickets left over time' })
  await charts.first().getByText('Show as a table').click()
  await expect(charts.first().getByRole('row').last()).toContainText('4')
  const rush = page.getByRole('region', { name: 'The busiest minute' })
  await expect(
    rush.getByRole('img', { name: /^Bar chart of bookings per second in the minute from/ }),
  ).toBeVisible()

  await page.getByRole('button', { name: 'Verify this history' }).click()
  const outcome = page.getByRole('status', { name: 'Verification' })
  await expect(outcome).toContainText('No problems found')
  await expect(outcome).toContainText('All 4 entries were checked')

  await page.getByText('Download this history').click()
  const lines = await downloadBy(page, page.getByRole('button', { name: 'Export as JSON Lines' }))
  expect(await check('verify-export', lines)).toContain('4 record(s) of 1 stream(s)')
  const forged = test.info().outputPath('forged.jsonl')
  writeFileSync(forged, readFileSync(lines, 'utf8').replace(ben.id, ada.id))
  await expect(check('verify-export', forged)).rejects.toThrow()
  const events = await downloadBy(page, page.getByRole('button', { name: 'Export as CloudEvents' }))
  expect(readFileSync(events, 'utf8')).toContain('"specversion":"1.0"')
  expect(await check('verify-export', events)).toContain('nothing is wrong')
  await page.getByText('Technical details of this entry').click()
  const proof = await downloadBy(page, page.getByRole('button', { name: /^Download proof/ }))
  expect(await check('verify-proof', proof)).toContain(`EventScheduled, version 1 of stream ${event.id}`)
})

test('the audit is not for customers', async ({ page, refusals }) => {
  const event = await schedule()
  await enter(page, '/events')
  await expect(page.getByRole('link', { name: 'My bookings' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Audit' })).toBeHidden()
  for (const path of ['/audit', `/audit/${event.id}`]) {
    await page.goto(web() + path)
    await expect(page.getByRole('heading', { name: 'This page is for auditors' })).toBeVisible()
  }
  await page.context().clearCookies()
  await page.evaluate(() => localStorage.clear())
  refusals(401, '/api/auth/refresh')
  await page.goto(web() + `/audit/${event.id}?at=1`)
  await expect(page).toHaveURL(web() + '/login?next=' + encodeURIComponent(`/audit/${event.id}?at=1`))
})

test('a customer downloads a receipt, which can be checked without the database', async ({ page }) => {
  const event = await schedule()
  await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  await page.getByRole('link', { name: 'My bookings' }).click()
  await page.getByRole('button', { name: /^Receipt/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Receipt' })
  await expect(dialog).toContainText('proves your booking was recorded')
  const receipt = await downloadBy(page, dialog.getByRole('button', { name: 'Download receipt' }))
  expect(await check('verify-proof', receipt)).toContain(`TicketBooked, version 2 of stream ${event.id}`)
})

test('on a phone the slider stays in reach, and forced colours keep edges and the chosen entry', async ({
  page,
}) => {
  const event = await schedule()
  for (const guest of await Promise.all(Array.from({ length: 8 }, customer))) await guest.book(event)
  await page.setViewportSize({ width: 375, height: 812 })
  await enter(page, `/audit/${event.id}`, AUDITOR)
  await expect(page.getByRole('button', { name: /^Entry 9: Customer \w{4} booked a ticket/ })).toBeVisible()
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  await expect(page.getByRole('slider', { name: 'Moment in time' })).toBeInViewport({ ratio: 1 })

  await page.emulateMedia({ forcedColors: 'active' })
  const edge = (locator: Locator) => locator.evaluate((e) => parseFloat(getComputedStyle(e).borderTopWidth))
  for (const name of ['Verify this history', 'Previous entry'])
    expect(await edge(page.getByRole('button', { name }))).toBeGreaterThan(0)
  const chosen = page.locator('[aria-current=true] > button')
  expect(await chosen.evaluate((e) => getComputedStyle(e).outlineStyle)).toBe('solid')
})
