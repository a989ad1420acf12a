import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import ical from 'ical.js'
import { http, HttpResponse } from 'msw'
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { startSession } from '@/lib/session/session'
import { aSession, problem, server } from '../../../test/server'
import { show } from '../../../test/show'
import { SubscribeButton } from './components/subscribe-button'

const toasts = vi.hoisted(() => ({ success: vi.fn(), error: vi.fn() }))
vi.mock('@/lib/toast', () => ({ toast: toasts }))
beforeEach(() => {
  for (const mock of Object.values(toasts)) mock.mockReset()
})

const aFeed = (secret: string) => ({
  kind: 'bookings',
  path: `/calendar/${secret}.ics`,
  createdAt: '2030-01-15T12:00:00Z',
})
const click = async (name: string) => userEvent.click(await screen.findByRole('button', { name }))

function open(...feeds: object[]) {
  server.use(http.get('*/api/calendar', () => HttpResponse.json({ data: feeds })))
  startSession(aSession())
  show(<SubscribeButton kind="bookings" />)
  return click('Subscribe to my calendar')
}

describe('subscribing to a calendar', () => {
  it('makes an address, shows it for copying and for calendar apps, replaces it and switches it off', async () => {
    let made = 0
    server.use(
      http.post('*/api/calendar', async ({ request }) => {
        expect(await request.json()).toEqual({ kind: 'bookings' })
        return HttpResponse.json(aFeed(`SECRET${++made}`), { status: 201 })
      }),
      http.delete('*/api/calendar', ({ request }) => {
        expect(new URL(request.url).search).toBe('?kind=bookings')
        return new HttpResponse(null, { status: 204 })
      }),
    )
    let copied: string | undefined
    document.execCommand = () => ((copied = (document.activeElement as HTMLInputElement).value), true)
    await open()
    await click('Create address')
    expect(await screen.findByLabelText('Address')).toHaveValue('http://localhost/api/calendar/SECRET1.ics')
    expect(screen.getByRole('link', { name: 'Open in calendar app' })).toHaveAttribute(
      'href',
      'webcal://localhost/api/calendar/SECRET1.ics',
    )
    await userEvent.click(screen.getByLabelText('Address'))
    await click('Copy address')
    expect(toasts.success).toHaveBeenCalledExactlyOnceWith('Address copied.')
    expect(copied).toBe('http://localhost/api/calendar/SECRET1.ics')
    await click('Replace address')
    expect(await screen.findByDisplayValue('http://localhost/api/calendar/SECRET2.ics')).toBeInTheDocument()
    await click('Switch off')
    expect(await screen.findByRole('button', { name: 'Create address' })).toBeInTheDocument()
  })

  it('shows the address that there is, and keeps it when it can’t be replaced', async () => {
    server.use(http.post('*/api/calendar', () => problem(503, 'unavailable')))
    await open(aFeed('SECRET'))
    await click('Replace address')
    await waitFor(() =>
      expect(toasts.error).toHaveBeenCalledExactlyOnceWith('The address wasn’t changed.', expect.anything()),
    )
    expect(screen.getByLabelText('Address')).toHaveValue('http://localhost/api/calendar/SECRET.ics')
  })

  it('says so when an address can’t be shown anymore', async () => {
    await open({ ...aFeed(''), path: undefined })
    expect(await screen.findByText(/can’t be shown again/)).toBeInTheDocument()
    expect(screen.queryByLabelText('Address')).not.toBeInTheDocument()
  })
})

// What the server writes. Its own tests keep the file up to date.
describe('the feed', () => {
  const text = readFileSync('../internal/calendar/testdata/feed.ics', 'utf8')
  const calendar = new ical.Component(ical.parse(text) as unknown[])
  const events = calendar.getAllSubcomponents('vevent').map((component) => new ical.Event(component))
  const times = Object.fromEntries(
    events.map((e) => [e.summary, [e.startDate, e.endDate].map((at) => at.toJSDate().toISOString())]),
  )

  it.each([
    ['Summer', '2030-07-04T19:30:00.000Z', '2030-07-05T01:00:00.000Z'],
    ['Winter, without an end', '2030-12-24T18:00:00.000Z', '2030-12-24T20:00:00.000Z'],
    ['Across the change of clocks', '2030-10-26T21:00:00.000Z', '2030-10-27T04:00:00.000Z'],
    ['The first 02:30 of the night', '2030-10-27T00:30:00.000Z', '2030-10-27T01:30:00.000Z'],
    ['Summer in the south', '2031-01-15T08:00:00.000Z', '2031-01-15T10:00:00.000Z'],
    ['Without summer time', '2030-08-01T04:30:00.000Z', '2030-08-01T06:30:00.000Z'],
    ['UTC', '2030-08-01T10:00:00.000Z', '2030-08-01T12:00:00.000Z'],
    ['A zone that is not known', '2030-08-01T10:00:00.000Z', '2030-08-01T12:00:00.000Z'],
  ])('says when %s is, by the zones in the file', (title, start, end) => {
    expect(times[title]).toEqual([start, end])
  })

  it('keeps texts, versions and what is cancelled', () => {
    expect(events).toHaveLength(9)
    const [summer, winter] = events
    expect(summer?.description).toBe('Ticket number 0123 4567 89AB\n2 × Balcony, front; left')
    expect(winter?.sequence).toBe(2)
    expect(winter?.component.getFirstPropertyValue('status')).toBe('CANCELLED')
    expect(events.at(-1)?.summary).toBe(`Ünïcödé 音楽 🎺 ${'ÄÖÜ'.repeat(40)}\\;,`)
    expect(events.at(-1)?.location).toBe('Hall; 3, \\ left')
  })
})
