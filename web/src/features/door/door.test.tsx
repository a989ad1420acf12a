import 'fake-indexeddb/auto'
import * as ed25519 from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test, vi } from 'vitest'
import type { DoorList } from '@/lib/api/types'
import { sessionStarted } from '@/lib/session/store'
import { aSession, newId, problem, server } from '../../../test/server'
import { show } from '../../../test/show'
import { Door } from './components/door'
import { judge } from './judge'
import { Repeats } from './repeats'
import { NoList, scanCode } from './scan'
import { addScan, admit, allScans, forgetListed, newestScan, removeScan, type NewScan } from './scans'
import { sendWaiting } from './sync'
import { isGenuine, nameOf, readCode, type Ticket } from './ticket-code'

ed25519.hashes.sha512 = sha512
const secret = new Uint8Array(32).fill(7)
const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
const key = base64url(ed25519.getPublicKey(secret))

/** What the server signs for a ticket. */
function codeOf({ eventId, bookingId, type, number }: Ticket): string {
  const ids = (eventId + bookingId).replaceAll('-', '')
  const payload = Uint8Array.from([1, ...ids.match(/../g)!.map((hex) => parseInt(hex, 16)), type, number])
  const message = new Uint8Array([...new TextEncoder().encode('boxoffice/ticket\0'), ...payload])
  return base64url(new Uint8Array([...payload, ...ed25519.sign(message, secret)]))
}

const eventId = newId()
const aTicket = (part: Partial<Ticket> = {}): Ticket => ({
  eventId,
  bookingId: newId(),
  type: 1,
  number: 1,
  ...part,
})

function aList(ticket: Ticket, part: Partial<DoorList> = {}, booking: Partial<DoorList['bookings'][0]> = {}) {
  const list: DoorList = {
    eventId,
    title: 'Jazz Night',
    cancelled: false,
    keepUntil: '2130-03-15T23:00:00Z',
    sold: 2,
    checkedIn: 0,
    ticketTypes: [{ id: 1, name: 'Seated' }],
    bookings: [{ id: ticket.bookingId, name: 'Alice', ...booking }],
    ...part,
  }
  return { list, keys: [key] }
}

const admitted = (ticket: Ticket) =>
  HttpResponse.json({
    bookingId: ticket.bookingId,
    ticketTypeId: 1,
    ticketType: 'Seated',
    number: ticket.number,
    customerId: newId(),
    name: 'Alice',
    checkedInAt: '2030-01-01T20:00:00Z',
    checkedIn: 1,
    sold: 2,
  })

const atTheDoor = '*/api/events/:id/check-ins'
const already = () =>
  HttpResponse.json(
    {
      type: 'urn:boxoffice:problem:already_checked_in',
      title: 'Conflict',
      status: 409,
      code: 'already_checked_in',
      detail: 'It is',
      checkedInAt: '2030-01-01T20:01:00Z',
      checkedInBy: 'Olga',
    },
    { status: 409 },
  )
const aScan = (ticket: Ticket, part: Partial<NewScan> = {}): NewScan => ({
  eventId,
  ticket: nameOf(ticket),
  code: codeOf(ticket),
  key: newId(),
  at: 1_000,
  state: 'waiting',
  ...part,
})

beforeEach(async () => {
  sessionStarted(aSession())
  for (const { id } of await allScans()) await removeScan(id)
})

test('a code is read as the ticket that it is of, by the layout of the server', () => {
  const ticket = aTicket({ type: 3, number: 2 })
  expect(readCode(codeOf(ticket))).toEqual(ticket)
  expect(isGenuine(codeOf(ticket), ['nonsense', key])).toBe(true)
  for (const text of [
    '',
    'urn:uuid:x',
    codeOf(ticket).slice(1),
    codeOf(ticket) + 'A',
    'B' + codeOf(ticket).slice(1),
  ])
    expect(readCode(text), text).toBeUndefined()
})

test('without network only what the published keys have signed is genuine', () => {
  const code = codeOf(aTicket())
  expect(isGenuine(code, [])).toBe(false)
  expect(isGenuine(code, [base64url(ed25519.getPublicKey(new Uint8Array(32).fill(8)))])).toBe(false)
  for (const at of [0, 20, 45, 47, 60, 131]) {
    const changed = code.slice(0, at) + (code[at] === 'A' ? 'E' : 'A') + code.slice(at + 1)
    expect(readCode(changed) && isGenuine(changed, [key]), `${at}`).toBeFalsy()
  }
})

test('a ticket is judged without network as the server would', () => {
  const ticket = aTicket()
  const code = codeOf(ticket)
  expect(judge('nonsense', aList(ticket))).toEqual({ refusal: 'invalid_code' })
  expect(judge(code.slice(0, -2) + 'AA', aList(ticket))).toEqual({ refusal: 'invalid_code' })
  expect(judge(codeOf(aTicket({ eventId: newId() })), aList(ticket))).toEqual({ refusal: 'not_this_event' })
  expect(judge(code, aList(ticket, { cancelled: true }))).toEqual({ refusal: 'event_cancelled' })
  expect(judge(code, aList(ticket, {}, { cancelled: true }))).toEqual({ refusal: 'booking_cancelled' })
  expect(judge(code, aList(ticket))).toEqual({ ticket, listed: undefined })
  expect(judge(code, aList(aTicket()))).toMatchObject({ ticket }) // booked after the list was made
  const checkIns = [{ ticketTypeId: 1, number: 1, at: '2030-01-01T20:01:00Z', by: 'Olga' }]
  expect(judge(code, aList(ticket, {}, { checkIns }))).toMatchObject({ listed: { by: 'Olga' } })
  expect(judge(codeOf({ ...ticket, number: 2 }), aList(ticket, {}, { checkIns }))).toMatchObject({
    listed: undefined,
  })
})

test('of many tabs that scan one ticket without network, one admits', async () => {
  const ticket = aTicket()
  const data = aList(ticket)
  const results = await Promise.all(
    Array.from({ length: 20 }, () => scanCode(eventId, codeOf(ticket), data, false)),
  )
  expect(results.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(1)
  expect(results.filter(({ outcome, here }) => outcome === 'already_checked_in' && here)).toHaveLength(19)
  expect(await allScans()).toHaveLength(1)
})

test('what the server has said counts without network, until a newer list has it', async () => {
  const ticket = aTicket()
  server.use(http.post(atTheDoor, () => admitted(ticket)))
  expect(await scanCode(eventId, codeOf(ticket), aList(ticket), true)).toMatchObject({
    outcome: 'admitted',
    name: 'Alice',
    offline: false,
  })
  expect((await scanCode(eventId, codeOf(ticket), aList(ticket), false)).outcome).toBe('already_checked_in')
  const upTo = await newestScan()
  await addScan(aScan(aTicket())) // waits
  await addScan(aScan(aTicket(), { state: 'admitted' })) // after the list was asked for
  await forgetListed(eventId, upTo)
  expect((await allScans()).map(({ state }) => state)).toEqual(['waiting', 'admitted'])
})

test('a check-in that was undone here can be made again without network', async () => {
  const ticket = aTicket()
  await addScan(aScan(ticket, { state: 'free' }))
  expect(await admit(aScan(ticket), 5)).toBeUndefined() // the list is older
  expect(await admit(aScan(ticket, { at: 2_000 }), 5)).toBe(1_000)
})

test('when the answer does not come, the scan is judged here and sent later with the same key', async () => {
  const ticket = aTicket()
  const sent: unknown[] = []
  const take = async (request: Request) =>
    sent.push({ key: request.headers.get('Idempotency-Key'), body: await request.json() })
  server.use(
    http.post(atTheDoor, async ({ request }) => {
      await take(request)
      return HttpResponse.error()
    }),
  )
  expect(await scanCode(eventId, codeOf(ticket), aList(ticket), true)).toMatchObject({
    outcome: 'admitted',
    offline: true,
    isLost: true,
  })
  await expect(sendWaiting()).rejects.toThrow()
  expect((await allScans()).map(({ state }) => state)).toEqual(['waiting'])
  server.use(
    http.post(atTheDoor, async ({ request }) => {
      await take(request)
      return admitted(ticket)
    }),
  )
  await sendWaiting()
  expect(sent).toHaveLength(3)
  expect(new Set(sent.map((request) => JSON.stringify(request))).size, 'the same request').toBe(1)
  expect((await allScans()).map(({ state }) => state)).toEqual(['admitted'])
})

test('scans are sent in their order, and what turns out double stays to be shown', async () => {
  const [first, second, third] = [aTicket(), aTicket(), aTicket()]
  for (const ticket of [first, second, third]) await addScan(aScan(ticket))
  const codes: string[] = []
  server.use(
    http.post(atTheDoor, async ({ request }) => {
      const { code } = (await request.json()) as { code: string }
      codes.push(code)
      return code === codeOf(second)
        ? already()
        : code === codeOf(third)
          ? problem(403, 'not_your_event')
          : admitted(first)
    }),
  )
  await sendWaiting()
  expect(codes).toEqual([first, second, third].map(codeOf))
  const [one, two, three] = await allScans()
  expect(one).toMatchObject({ state: 'admitted' })
  expect(two).toMatchObject({
    state: 'refused',
    reason: 'already_checked_in',
    firstAt: Date.parse('2030-01-01T20:01:00Z'),
  })
  expect(three, 'nothing is lost that may be sent by somebody else').toMatchObject({ state: 'waiting' })
})

test('what waits here is not sent again as a double of itself', async () => {
  const ticket = aTicket()
  await addScan(aScan(ticket))
  // Any request would fail the test.
  expect(await scanCode(eventId, codeOf(ticket), aList(ticket), true)).toMatchObject({
    outcome: 'already_checked_in',
    here: true,
  })
})

test('without network and without a list nobody is judged', async () => {
  await expect(scanCode(eventId, codeOf(aTicket()), undefined, false)).rejects.toThrow(NoList)
})

test('nothing that is kept for sending has names', async () => {
  const ticket = aTicket()
  await scanCode(eventId, codeOf(ticket), aList(ticket), false)
  expect(JSON.stringify(await allScans())).not.toContain('Alice')
})

test('a code that stays in view is new once', () => {
  const repeats = new Repeats()
  expect([0, 500, 3_400, 6_300, 9_300].map((at) => repeats.isNew('a', at))).toEqual([
    true,
    false,
    false,
    false,
    true,
  ])
  expect(repeats.isNew('b', 9_400)).toBe(true)
})

test('a scanner types anywhere; the result is announced, and is one that no copy gets', async () => {
  const ticket = aTicket()
  let scans = 0
  server.use(
    http.get(atTheDoor, () => HttpResponse.json(aList(ticket).list)),
    http.get('*/api/.well-known/ticket-keys.json', () =>
      HttpResponse.json({ keys: [{ kty: 'OKP', crv: 'Ed25519', use: 'sig', x: key }] }),
    ),
    http.get('*/api/desk/events/:id', () =>
      HttpResponse.json({
        id: eventId,
        title: 'Jazz Night',
        capacity: 9,
        sold: 2,
        held: 0,
        waiting: 0,
        checkedIn: Math.min(scans, 1),
        ticketTypes: [],
      }),
    ),
    http.post(atTheDoor, () => (scans++ === 0 ? admitted(ticket) : already())),
  )
  const vibrate = vi.fn()
  Object.assign(navigator, { vibrate })
  show(<Door id={eventId} />)
  expect(await screen.findByRole('heading', { level: 1, name: 'Jazz Night' })).toBeInTheDocument()
  expect(await screen.findByText('of 2 tickets admitted')).toBeInTheDocument()
  await userEvent.keyboard(`${codeOf(ticket)}{Enter}`)
  const result = screen.getByRole('region', { name: 'Result of the last scan' })
  expect(await within(result).findByText('Admitted')).toBeInTheDocument()
  expect(within(result).getByRole('status')).toHaveTextContent('AdmittedAliceSeated, ticket 1')
  expect(screen.getByLabelText('Ticket code')).toHaveValue('')
  expect(vibrate).toHaveBeenLastCalledWith(80)
  await userEvent.keyboard(`${codeOf(ticket)}{Enter}`)
  expect(await within(result).findByText('Already admitted')).toBeInTheDocument()
  expect(within(result).getByRole('status')).toHaveTextContent(/Admitted at .* by Olga/)
  expect(within(result).queryByRole('button', { name: 'Undo' })).not.toBeInTheDocument()
  await waitFor(() => expect(screen.getByText('1')).toBeInTheDocument())
  expect(screen.getByText(/The camera needs a secure connection/)).toBeInTheDocument()
})

test('the door of another’s event stays closed', async () => {
  server.use(
    http.get(atTheDoor, () => problem(403, 'not_your_event')),
    http.get('*/api/.well-known/ticket-keys.json', () => HttpResponse.json({ keys: [] })),
    http.get('*/api/desk/events/:id', () => problem(403, 'not_your_event')),
  )
  show(<Door id={eventId} />)
  expect(
    await screen.findByRole('heading', { name: 'You can’t check in tickets at this event' }),
  ).toBeInTheDocument()
})
