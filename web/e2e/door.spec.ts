import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { chromium } from '@playwright/test'
import { encode } from 'uqr'
import type { components } from '../src/lib/api/schema'
import {
  call,
  enter,
  expect,
  NEW_PASSWORD,
  schedule,
  test,
  toast,
  tokenOf,
  web,
  type Event,
  type Page,
} from './fixtures'
import { inspect } from './inspect'

type Bookings = components['schemas']['BookingList']

const ORGANIZER = 'organizer@example.com'

/** Two seats in all, of two types. */
const theatre = () =>
  schedule({
    totalTickets: 2,
    maxPerCustomer: 2,
    price: undefined,
    ticketTypes: [
      { name: 'Seated', price: 30 },
      { name: 'Standing', price: 12.5, capacity: 1 },
    ] as Event['ticketTypes'],
  })

/** The codes of somebody's tickets, as their QR codes show them. */
async function codesOf(email: string): Promise<string[]> {
  const { data } = await call<Bookings>('/bookings', await tokenOf(email, NEW_PASSWORD), undefined, 'GET')
  return data.flatMap(({ tickets }) => tickets ?? []).map(({ code }) => code)
}

const result = (page: Page) => page.getByRole('region', { name: 'Result of the last scan' })

/** As a scanner does: it types, wherever the focus is, and presses Enter. */
async function scan(page: Page, code: string) {
  await page.locator('body').press(code[0]!)
  await page.keyboard.insertText(code.slice(1))
  await page.keyboard.press('Enter')
}

/** Waits until the door can be opened without a network. */
const isKept = (page: Page) =>
  expect
    .poll(() =>
      page.evaluate(async () => {
        const worker = await navigator.serviceWorker.getRegistration(location.pathname)
        return worker?.active?.state === 'activated' && Boolean(await caches.match('/door'))
      }),
    )
    .toBe(true)

/** An organizer of other events only. */
async function stranger(): Promise<string> {
  const email = `organizer-${randomUUID()}@example.com`
  const env = { ...process.env, DATA_DIR: process.env.BOXOFFICE_DATA_DIR, NODE_ENV: 'production' as const }
  const args = ['user', 'create', email, '--name', 'Otto', '--role', 'organizer', '--password-stdin']
  execFileSync(process.env.BOXOFFICE_PROGRAM!, args, { env, input: NEW_PASSWORD })
  return email
}

test('from the sale to the door: a ticket admits once, its copy is refused, and no network is needed', async ({
  page,
  browser,
  refusals,
}) => {
  test.setTimeout(240_000)
  const event = await theatre()
  const alice = await (await browser.newContext()).newPage()
  const aliceEmail = await enter(alice, `/events/${event.id}`)
  await alice.getByRole('button', { name: 'One more: Seated' }).click()
  await alice.getByRole('button', { name: 'One more: Standing' }).click()
  await alice.getByRole('button', { name: 'Reserve 2 tickets' }).click()
  await alice.getByRole('button', { name: 'Pay $42.50' }).click()
  await expect(toast(alice, `Successfully booked ${event.title}!`)).toBeVisible()

  const bob = await (await browser.newContext()).newPage()
  const bobEmail = await enter(bob, `/events/${event.id}`)
  await bob.getByRole('button', { name: 'One more: Seated' }).click()
  await bob.getByRole('button', { name: 'Join the waiting list' }).click()
  await expect(bob.getByText('You’re first in line.')).toBeVisible()
  const organizer = await tokenOf(ORGANIZER)
  await call(`/events/${event.id}`, organizer, { totalTickets: 3 }, 'PATCH')
  await bob.getByRole('button', { name: 'Accept and pay $30.00' }).click()
  await expect(toast(bob, `Successfully booked ${event.title}!`)).toBeVisible()

  const [seated, standing] = (await codesOf(aliceEmail)) as [string, string]
  const [bobs] = (await codesOf(bobEmail)) as [string]
  refusals(409, `/api/events/${event.id}/check-ins`)
  refusals(0, '/')
  await enter(page, `/door/${event.id}`, ORGANIZER)
  await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeVisible()
  await expect(page.getByText('of 3 tickets admitted')).toBeVisible()
  await inspect(page, 'door-ready')
  await scan(page, seated)
  await expect(result(page)).toContainText('AdmittedAda LovelaceSeated, ticket 1')
  await expect(page.getByText('1of 3 tickets admitted')).toBeVisible()
  await scan(page, seated)
  await expect(result(page)).toContainText('Already admitted')
  await expect(result(page)).toContainText(/Admitted at .* by /)
  await inspect(page, 'door-refused')
  await isKept(page)
  const chromium = await page.context().newCDPSession(page)
  const { installabilityErrors } = await chromium.send('Page.getInstallabilityErrors')
  const missing = installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')
  expect(missing, 'it can be installed').toEqual([])

  await page.context().setOffline(true)
  await page.reload()
  await expect(page.getByText('No connection.')).toBeVisible()
  await expect(page.getByText('1of 3 tickets admitted')).toBeVisible()
  await scan(page, seated)
  await expect(result(page)).toContainText('Already admitted')
  await scan(page, bobs)
  await expect(result(page)).toContainText('AdmittedAda LovelaceSeated, ticket 1Checked offline')
  await scan(page, bobs)
  await expect(result(page)).toContainText('on this device')
  await scan(page, bobs.slice(0, -4) + 'AAAA')
  await expect(result(page)).toContainText('Not a ticket')
  // Another door lets the holder of a copy in, which this one can't know of.
  await call(`/events/${event.id}/check-ins`, organizer, { code: standing })
  await scan(page, standing)
  await expect(result(page)).toContainText('Standing, ticket 1')
  await expect(page.getByText('2 scans waiting to be sent')).toBeVisible()
  await inspect(page, 'door-offline')

  await page.context().setOffline(false)
  await expect(page.getByText('No connection.')).toBeHidden()
  await expect(page.getByText('waiting to be sent')).toBeHidden()
  await expect(page.getByText('3of 3 tickets admitted')).toBeVisible()
  await expect(page.getByRole('alert').filter({ hasText: '1 person was let in' })).toContainText(
    /Ada Lovelace, Standing, ticket 1Admitted .* by .*, again .* here/,
  )
  await inspect(page, 'door-doubles')
  await page.getByRole('button', { name: 'Seen' }).click()
  await expect(page.getByText('Saved on this device')).toBeHidden()
  await alice.context().close()
  await bob.context().close()
})

test('a check-in is undone with a reason, and signing out leaves no names behind', async ({
  page,
  refusals,
}) => {
  const event = await schedule()
  const guest = await enter(page, `/events/${event.id}`)
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(page.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  const [code] = (await codesOf(guest)) as [string]
  refusals(409, `/api/events/${event.id}/check-ins`)
  const door = await page.context().browser()!.newPage()
  await enter(door, `/door/${event.id}`, ORGANIZER)
  await door.getByLabel('Ticket code').fill(code)
  await door.getByRole('button', { name: 'Check in' }).click()
  await expect(result(door)).toContainText('AdmittedAda Lovelace')
  await door.getByRole('button', { name: 'Undo' }).click()
  await door.getByRole('button', { name: 'Undo check-in' }).click()
  await expect(door.getByText('Enter a reason.')).toBeVisible()
  await door.getByLabel('Reason').fill('the wrong entrance')
  await door.getByRole('button', { name: 'Undo check-in' }).click()
  await expect(toast(door, 'The check-in is undone.')).toBeVisible()
  await expect(door.getByText('0of 1 ticket admitted')).toBeVisible()
  await scan(door, code)
  await expect(result(door)).toContainText('AdmittedAda Lovelace')

  await isKept(door)
  await door.getByRole('button', { name: /Account of/ }).click()
  await door.getByRole('button', { name: 'Sign out' }).click()
  await expect(door).toHaveURL(/\/login/)
  expect(await door.evaluate(() => caches.keys())).toEqual([])
  expect(await door.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('door')
  await door.context().close()
})

test('an organizer of another event is refused everywhere', async ({ page, refusals }) => {
  const event = await theatre()
  const email = await stranger()
  const token = await tokenOf(email, NEW_PASSWORD)
  const at = `/events/${event.id}`
  for (const [method, path, body] of [
    ['PATCH', at, { title: 'Mine' }],
    ['POST', `${at}/cancel`, undefined],
    ['GET', `${at}/organizers`, undefined],
    ['POST', `${at}/organizers`, { email, role: 'manage' }],
    ['GET', `/desk${at}`, undefined],
    ['GET', `/desk${at}/attendees`, undefined],
    ['GET', `/desk${at}/attendees.csv`, undefined],
    ['GET', `${at}/check-ins`, undefined],
    ['POST', `${at}/check-ins`, { code: 'AQ' }],
    ['POST', `${at}/check-ins/undo`, { code: 'AQ', reason: 'a mistake' }],
  ] as const)
    await expect(call(path, token, body, method), `${method} ${path}`).rejects.toThrow('403')

  refusals(403, '/api/')
  await enter(page, `/door/${event.id}`, email, NEW_PASSWORD)
  await expect(page.getByText('You can’t check in tickets at this event')).toBeVisible()
  await page.goto(web() + at)
  await expect(page.getByRole('heading', { level: 1, name: event.title })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Edit event' })).toBeHidden()
  await page.goto(web() + `${at}/edit`)
  await expect(page.getByRole('button', { name: /Save/ })).toBeHidden()
})

/** A video of one picture for Chromium's fake camera: a QR code, black on white, in YUV 4:2:0. */
function videoOf(code: string, file: string) {
  const [width, height, module] = [640, 480, 6]
  const { data, size } = encode(code, { ecc: 'M', border: 4 })
  const luma = Buffer.alloc(width * height, 235)
  const [left, top] = [(width - size * module) >> 1, (height - size * module) >> 1]
  for (let y = 0; y < size * module; y++)
    for (let x = 0; x < size * module; x++)
      if (data[Math.floor(y / module)]![Math.floor(x / module)]) luma[(top + y) * width + left + x] = 16
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc((width * height) / 2, 128)])
  writeFileSync(
    file,
    Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420mpeg2\n`), frame, frame]),
  )
}

test('the camera reads a ticket once while it stays in view', async ({
  launchOptions,
  page: guest,
}, info) => {
  const event = await schedule()
  const email = await enter(guest, `/events/${event.id}`)
  await guest.getByRole('button', { name: /^Book Now/ }).click()
  await expect(guest.getByRole('button', { name: /^Booked ✓/ })).toBeVisible()
  const video = info.outputPath('ticket.y4m')
  videoOf((await codesOf(email))[0]!, video)
  const browser = await chromium.launch({
    ...launchOptions,
    args: [
      ...(launchOptions.args ?? []),
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${video}`,
    ],
  })
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  let sent = 0
  page.on(
    'request',
    (request) => void (request.method() === 'POST' && request.url().endsWith('/check-ins') && sent++),
  )
  // As by a link of another page, whose document may not use the camera.
  await enter(page, '/events', ORGANIZER)
  await page.evaluate((path) => {
    const { next } = window as unknown as { next: { router: { push: (path: string) => void } } }
    next.router.push(path)
  }, `/door/${event.id}`)
  await page.getByRole('button', { name: 'Scan with camera' }).click()
  await expect(result(page)).toContainText('AdmittedAda Lovelace', { timeout: 30_000 })
  await expect(page.getByText('1of 1 ticket admitted')).toBeVisible()
  const looked = () => page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime)
  const since = await looked()
  await expect.poll(looked, { timeout: 30_000 }).toBeGreaterThan(since + 4)
  expect(sent).toBe(1)
  expect(complaints).toEqual([])
  await page.getByRole('button', { name: 'Stop camera' }).click()
  await expect(page.locator('video')).toBeHidden()
  await browser.close()
})
