import { afterEach, describe, expect, it, vi } from 'vitest'
import { AttemptKey } from './attempt-key'
import { newKey } from './new-key'
import { showErrors } from './form-errors'
import {
  currencies,
  formatDateTime,
  formatDay,
  formatEnd,
  formatNumber,
  formatPrice,
  distanceParts,
  formatWeekday,
  zoneName,
} from './format'
import { afterLogin, loginFor } from './paths'
import { toInstants, toLocal } from './local-time'
import { learnTime, now } from './server-time'
import { isKnownZone, sameOffset, viewerZone } from './time-zone'

describe('dates', () => {
  it('in a zone that the browser does not know are in UTC, and labelled so', () => {
    expect(isKnownZone('America/New_York')).toBe(true)
    expect(isKnownZone('Atlantis/Poseidonia')).toBe(false)
    expect(formatDateTime('2025-03-15T10:00:00Z', 'Atlantis/Poseidonia')).toBe('March 15, 2025 at 10:00 AM')
    expect(zoneName('2025-03-15T10:00:00Z', 'Atlantis/Poseidonia')).toBe('UTC')
  })

  it('are formatted as expected', () => {
    expect(formatDateTime('2025-03-15T10:00:00Z', 'UTC')).toBe('March 15, 2025 at 10:00 AM')
    expect(formatDateTime('2025-03-15T10:00:00Z', 'America/New_York')).toBe('March 15, 2025 at 6:00 AM')
    expect(formatDateTime('2025-03-15T04:05:00Z', 'America/New_York')).toBe('March 15, 2025 at 12:05 AM')
    expect(zoneName('2025-03-15T10:00:00Z', 'America/New_York')).toBe('New York time')
    expect(zoneName('2025-03-15T10:00:00Z', 'America/Argentina/Buenos_Aires')).toBe('Buenos Aires time')
    expect(zoneName('2025-03-15T10:00:00Z', 'Etc/GMT+5')).toBe('UTC−5') // a minus sign, after which no line ends
    expect(zoneName('2025-03-15T10:00:00Z', 'UTC')).toBe('UTC')
    expect(formatWeekday('2025-03-01T23:30:00Z', 'Asia/Tokyo')).toBe('Sun')
    expect(sameOffset('2025-01-15T10:00:00Z', 'Europe/London', 'Europe/Lisbon')).toBe(true)
    expect(sameOffset('2025-01-15T10:00:00Z', 'Europe/London', 'Europe/Paris')).toBe(false)
  })

  it.each([
    ['2025-03-15T10:00:30Z', ['in', '1', 'min', '']],
    ['2025-03-15T12:00:00Z', ['in', '2', 'hours', '']],
    ['2025-03-16T10:00:00Z', ['in', '24', 'hours', '']],
    ['2025-03-12T10:00:00Z', ['', '3', 'days', 'ago']],
    ['2025-03-21T23:00:00Z', ['in', '6', 'days', '']], // and 13 hours
    ['2025-03-18T09:00:00Z', ['in', '3', 'days', '']], // though an hour less
    ['2025-04-05T10:00:00Z', ['in', '3', 'weeks', '']],
    ['2030-03-15T10:00:00Z', ['in', '5', 'years', '']],
  ])('%s is far away', (date, parts) => {
    expect(distanceParts(date, 'UTC', Date.parse('2025-03-15T10:00:00Z'))).toEqual(parts)
  })

  it.each([
    'UTC',
    'America/New_York',
    'America/St_Johns',
    'Asia/Kolkata',
    'Asia/Tokyo',
    'America/Sao_Paulo',
    'Pacific/Chatham',
    'Pacific/Kiritimati',
  ])('in %s are written as the browser would', (timeZone) => {
    const long = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeStyle: 'short', timeZone })
    const stub = (options: Intl.DateTimeFormatOptions) =>
      new Date(date).toLocaleDateString('en-US', { ...options, timeZone })
    let date = ''
    for (let at = Date.UTC(2025, 0, 1); at < Date.UTC(2026, 0, 2); at += 31 * 3_600_000) {
      date = new Date(at).toISOString()
      expect(formatDateTime(date, timeZone)).toBe(long.format(at).replace('\u202f', ' '))
      expect(formatWeekday(date, timeZone)).toBe(stub({ weekday: 'short' }))
    }
  })

  it.each([
    ['2025-03-15T10:00', 'UTC', '2025-03-15T10:00:00Z'],
    ['2025-03-15T10:00', 'America/New_York', '2025-03-15T14:00:00Z'],
    ['2025-01-15T10:00', 'America/New_York', '2025-01-15T15:00:00Z'],
    ['2025-06-01T00:30', 'Asia/Kolkata', '2025-05-31T19:00:00Z'],
    ['2025-10-26T01:30', 'Europe/Lisbon', '2025-10-26T00:30:00Z', '2025-10-26T01:30:00Z'],
    ['2025-04-06T01:45', 'Australia/Lord_Howe', '2025-04-05T14:45:00Z', '2025-04-05T15:15:00Z'],
  ])('are %s in %s at %s', (local, zone, ...moments) => {
    expect(toInstants(local, zone)).toEqual(moments)
    for (const moment of moments) expect(toLocal(moment, zone)).toBe(local)
  })

  it('may not exist', () => {
    expect(toInstants('2025-03-30T02:30', 'Europe/Berlin')).toEqual([])
    expect(toInstants('', 'UTC')).toEqual([])
  })

  it('end on the same day with a time, and on another one with a date', () => {
    const start = '2025-03-15T20:00:00Z'
    expect(formatEnd('2025-03-15T22:30:00Z', start, 'UTC')).toBe('10:30 PM')
    expect(formatEnd('2025-03-15T23:30:00Z', start, 'Europe/Berlin')).toBe('March 16, 2025 at 12:30 AM')
  })

  it('are in the viewer’s zone by default', () => {
    expect(viewerZone()).toBe('Europe/Lisbon')
  })
})

describe('days and money', () => {
  it('are formatted as expected', () => {
    expect(formatDay(Date.parse('2025-03-15T10:00:00Z'))).toBe('Mar 15')
    expect(formatPrice(49.99, 'USD')).toBe('$49.99')
    expect(formatPrice(2400, 'JPY')).toBe('¥2,400')
    expect(formatPrice(0, 'EUR')).toBe('Free')
  })

  it.each([...currencies, 'KWD', 'MXN'])('in %s are written as the browser would', (currency) => {
    const { format } = new Intl.NumberFormat('en-US', { style: 'currency', currency })
    for (const amount of [
      0.01, 0.5, 1, 2.5, 9.99, 49.9, 999.99, 1_000, 1_234.56, 999_999.99, 1_000_000, 100_000_000,
    ])
      expect(formatPrice(amount, currency)).toBe(format(amount))
  })

  it('have whole numbers as the browser would write them', () => {
    const { format } = new Intl.NumberFormat('en-US')
    for (const n of [0, 7, 100, 999, 1_000, 12_345, 100_000, 1_234_567, 2 ** 53 - 1, -100, -1_000])
      expect(formatNumber(n)).toBe(format(n))
  })
})

describe('after signing in', () => {
  it.each(['/events?search=jazz', '/events/abc', '/bookings', '/audit/abc?at=3'])(
    'people come back to %s',
    (page) => {
      expect(afterLogin(page)).toBe(page)
      expect(afterLogin(new URLSearchParams(loginFor(page).split('?')[1]).get('next'))).toBe(page)
    },
  )
  it.each([
    null,
    '',
    'https://evil.example/events',
    '//evil.example/bookings',
    '/\\evil.example',
    '/login',
    '/api/auth/logout',
    'javascript:alert(1)',
    '/events/../login',
    '/eventsx',
  ])('nobody is led to %s', (page) => expect(afterLogin(page)).toBe('/events'))
})

describe('the key of a request', () => {
  it('stays the same for the same request only', () => {
    const key = new AttemptKey()
    const first = key.for({ a: 1 })
    expect(key.for({ a: 1 })).toBe(first)
    expect(key.for({ a: 2 })).not.toBe(first)
  })
})

describe('the errors of a form', () => {
  it('are shown for every failure, also without an answer of the server', () => {
    const setError = vi.fn()
    const text = 'Something unexpected happened. Please try again.'
    expect(showErrors(new TypeError('x is undefined'), ['title'], setError)).toBe(text)
    expect(setError).not.toHaveBeenCalled()
  })
})

it('a new key is a random UUID, over plain http too, where crypto.randomUUID is missing', () => {
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  const keys = Array.from({ length: 100 }, newKey)
  for (const key of keys)
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(keys).size).toBe(100)
  vi.unstubAllGlobals()
})

describe('the server’s time', () => {
  afterEach(() => learnTime(new Date().toUTCString()))

  it('is told by its answers, where the clock of the device is wrong', () => {
    vi.useFakeTimers({ now: Date.parse('2020-01-01T00:00:00Z') })
    learnTime('Wed, 01 Jan 2025 00:00:00 GMT')
    expect(now()).toBe(Date.parse('2025-01-01T00:00:00Z'))
    vi.advanceTimersByTime(60_000)
    expect(now()).toBe(Date.parse('2025-01-01T00:01:00Z'))
    learnTime('nonsense')
    learnTime(null)
    expect(now()).toBe(Date.parse('2025-01-01T00:01:00Z'))
    learnTime('Wed, 01 Jan 2020 00:01:02 GMT') // within what an answer takes
    expect(now()).toBe(Date.now())
    vi.useRealTimers()
  })

  it('is not before the last answer when the clock of the device is set back', () => {
    vi.useFakeTimers({ now: Date.parse('2030-01-01T12:00:00Z') })
    learnTime('Tue, 01 Jan 2030 12:00:00 GMT')
    vi.setSystemTime(Date.parse('1970-01-01T00:00:00Z'))
    expect(now()).toBeGreaterThan(Date.parse('2030-01-01T11:59:55Z'))
    vi.setSystemTime(Date.parse('2030-01-01T20:00:00Z'))
    expect(now()).toBe(Date.now())
    vi.useRealTimers()
  })

  it('is still known to a page that is opened without a network', async () => {
    learnTime(new Date(Date.now() + 3_600_000).toUTCString())
    vi.resetModules()
    const reopened = await import('./server-time')
    expect(reopened.now() - Date.now()).toBeGreaterThan(3_500_000)
    learnTime(new Date().toUTCString())
    expect(localStorage).toHaveLength(0)
  })
})
