import { card, clickByHand, customer, enter, expect, listOf, schedule, test, toast, web } from './fixtures'

const ORGANIZER = 'organizer@example.com'

test('an organizer schedules an event, changes it between bookings, and cancels it', async ({
  page,
  browser,
  refusals,
}) => {
  await enter(page, '/events', ORGANIZER)
  await page.getByRole('link', { name: 'Schedule an event' }).click()
  await page.getByRole('button', { name: 'Schedule event' }).click()
  await expect(page.getByText('Enter a title.')).toBeVisible()
  await expect(page.getByLabel('Title', { exact: true })).toBeFocused()
  const title = `Gala ${Date.now()}`
  await page.getByLabel('Title', { exact: true }).fill(title)
  await page.getByLabel('Venue', { exact: true }).fill('Opera House')
  await page.getByLabel('Date and time at the venue').fill('2030-07-01T19:30')
  await page.getByLabel('Time zone of the venue').selectOption('America/New_York')
  await page.getByLabel('Tickets').fill('5')
  await page.getByLabel('Price').fill('12.50')
  await page.getByRole('button', { name: 'Schedule event' }).click()
  await expect(toast(page, `${title} is scheduled.`)).toBeVisible()
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused()
  await expect(page.getByText('July 1, 2030 at 7:30 PM')).toBeVisible()
  await expect(page.getByText('July 2, 2030 at 12:30 AM your time')).toBeVisible()

  const id = new URL(page.url()).pathname.split('/')[2]!
  await page.getByRole('link', { name: 'Edit event' }).click()
  await expect(page.getByLabel('Date and time at the venue')).toHaveValue('2030-07-01T19:30')
  // A booking in between increases the version; the change is still saved.
  const guest = await customer()
  await guest.book({ id } as Parameters<typeof guest.book>[0])
  refusals(412, `/api/events/${id}`)
  await page.getByLabel('Venue', { exact: true }).fill('Grand Opera')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await expect(toast(page, 'Changes saved.')).toBeVisible()
  await expect(page.getByText('Grand Opera')).toBeVisible()
  await expect(page.getByText('4 of 5 tickets left')).toBeVisible()

  const visitor = await (await browser.newContext()).newPage()
  await enter(visitor, `/events/${id}`)
  await expect(visitor.getByRole('button', { name: /^Book Now/ })).toBeEnabled()
  await expect(visitor.getByText('Live counts')).toBeVisible()
  await page.getByRole('button', { name: 'Cancel event' }).click()
  const dialog = page.getByRole('alertdialog', { name: 'Cancel this event?' })
  await expect(dialog).toContainText('1 ticket is sold.')
  await dialog.getByRole('button', { name: 'Cancel event' }).click()
  await expect(page.getByRole('button', { name: /^Cancelled/ })).toBeDisabled()
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused()
  await expect(visitor.getByRole('button', { name: /^Cancelled/ })).toBeDisabled()
  await visitor.context().close()
})

test('the first click of a mouse on Schedule event counts', async ({ page }) => {
  await enter(page, '/events/new', ORGANIZER)
  await page.getByLabel('Tickets').click()
  await page.keyboard.type('5')
  await page.getByLabel('Price').click()
  await page.keyboard.type('a lot')
  await clickByHand(page, page.getByRole('button', { name: 'Schedule event' }), 'top')
  await expect(page.getByText('Enter a title.')).toBeVisible()
  await expect(page.getByText(/Enter an amount/)).toBeVisible()
})

test('two organizers who change the same event do not overwrite each other', async ({
  page,
  context,
  refusals,
}) => {
  const event = await schedule()
  await enter(page, `/events/${event.id}/edit`, ORGANIZER)
  const other = await context.newPage()
  await other.goto(web() + `/events/${event.id}/edit`)
  await other.getByLabel('Venue', { exact: true }).fill('Small Hall')
  await page.getByLabel('Venue', { exact: true }).fill('Large Hall')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await expect(toast(page, 'Changes saved.')).toBeVisible()
  refusals(412, `/api/events/${event.id}`)
  await other.getByRole('button', { name: 'Save changes' }).click()
  await expect(
    other.getByRole('alert').filter({ hasText: 'Someone else edited this event while you were working' }),
  ).toBeVisible()
  await other.getByRole('button', { name: 'Load their changes' }).click()
  await expect(other.getByLabel('Venue', { exact: true })).toHaveValue('Small Hall') // as it was typed
  await expect(other.getByText('Saved by someone else: Large Hall')).toBeVisible()
  await other.getByRole('button', { name: 'Save changes' }).click()
  await expect(other.getByText('Small Hall')).toBeVisible()
})

test('leaving a form with unsaved changes asks, by a link, the back button and closing', async ({ page }) => {
  await enter(page, '/events', ORGANIZER)
  await page.getByRole('link', { name: 'Schedule an event' }).click()
  await page.getByLabel('Title', { exact: true }).fill('Half a gala')
  const dialog = page.getByRole('alertdialog', { name: 'Leave without saving?' })
  // goBack() would wait for the page before.
  const goBack = () => page.evaluate(() => history.back())
  for (const leave of [() => page.getByRole('link', { name: 'My bookings' }).click(), goBack]) {
    await leave()
    await dialog.getByRole('button', { name: 'Keep editing' }).click()
    await expect(dialog).toBeHidden()
    expect(page.url()).toContain('/events/new')
    await expect(page.getByLabel('Title', { exact: true })).toHaveValue('Half a gala')
  }
  const asked = page.waitForEvent('dialog')
  await page.close({ runBeforeUnload: true })
  const closing = await asked
  expect(closing.type()).toBe('beforeunload')
  await closing.dismiss()
  await page.getByLabel('Title', { exact: true }).click() // browsers let only pages that are used keep the user
  await goBack()
  await dialog.getByRole('button', { name: 'Discard changes' }).click()
  await expect(page).toHaveURL(web() + '/events')
})

test('the pages of organizers are not for customers', async ({ page }) => {
  const event = await schedule()
  await enter(page, '/events')
  await expect(page.getByRole('link', { name: 'Schedule an event' })).toBeHidden()
  for (const path of ['/events/new', `/events/${event.id}/edit`]) {
    await page.goto(web() + path)
    await expect(page.getByRole('heading', { name: 'This page is for organizers' })).toBeVisible()
  }
  await page.goto(web() + listOf(event))
  await card(page, event).getByRole('link').click()
  await expect(page.getByRole('button', { name: /^Book Now/ })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Edit event' })).toBeHidden()
})
