import { now as serverTime } from './server-time'
import { knownZone } from './time-zone'

// All formatting of dates and money. Times are sent as UTC. Times of events are shown in a named
// zone, times of user actions in the viewer's zone.
const LOCALE = 'en-US'

// Formatters are slow to create: each is created once.
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options)
  let found = formatters.get(key)
  if (!found) formatters.set(key, (found = new Intl.DateTimeFormat(LOCALE, options)))
  return found
}

function format(at: string | number, options: Intl.DateTimeFormatOptions): string {
  return formatter(options)
    .format(new Date(at))
    .replace(/\u202f/g, ' ')
}

function part(date: string, type: Intl.DateTimeFormatPartTypes, options: Intl.DateTimeFormatOptions): string {
  const parts = formatter(options).formatToParts(new Date(date))
  return parts.find((part) => part.type === type)?.value ?? ''
}

/** "March 15, 2025 at 10:00 AM" */
export function formatDateTime(date: string, timeZone: string): string {
  return format(date, { dateStyle: 'long', timeStyle: 'short', timeZone: knownZone(timeZone) })
}

/** When something ends: "11:30 PM" on the day when it starts, else "March 17, 2025 at 6:00 PM". */
export function formatEnd(end: string, start: string, timeZone: string): string {
  const day = { dateStyle: 'long', timeZone: knownZone(timeZone) } as const
  return format(end, day) === format(start, day)
    ? format(end, { timeStyle: 'short', timeZone: knownZone(timeZone) })
    : formatDateTime(end, timeZone)
}

/** "Sat" */
export const formatWeekday = (date: string, timeZone: string): string =>
  format(date, { weekday: 'short', timeZone: knownZone(timeZone) })

const HOUR = 3_600_000
const DAY = 24 * HOUR
const units = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['week', 7 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['min', HOUR / 60],
] as const

/** How far away a time is: ["in", "12", "days", ""], ["", "3", "weeks", "ago"]. Days are those of the calendar. */
export function distanceParts(
  date: string,
  timeZone: string,
  now = serverTime(),
): [string, string, string, string] {
  const away = Date.parse(date) - now
  const [unit, length] = units.find(([, length]) => Math.abs(away) >= 2 * length) ?? ['min', HOUR / 60]
  const dayOf = (at: string | number) =>
    Date.parse(
      `${format(at, { year: 'numeric', month: 'numeric', day: 'numeric', timeZone: knownZone(timeZone) })} UTC`,
    ) / DAY
  const apart = unit === 'day' ? dayOf(date) - dayOf(now) : away / length
  const count = Math.round(Math.abs(apart))
  const name = unit === 'min' ? unit : `${unit}s` // at least two of the others
  return away >= 0 ? ['in', String(count), name, ''] : ['', String(count), name, 'ago']
}

/** "Lisbon time"; "UTC", "UTC−3:30" for a zone that is not named after a place. */
export function zoneName(date: string, timeZone: string): string {
  const zone = knownZone(timeZone)
  const place = /^(?!Etc|UTC|GMT).*\/(.+)$/.exec(zone)?.[1]
  if (place) return `${place.replaceAll('_', ' ')} time`
  const offset = part(date, 'timeZoneName', { timeZoneName: 'shortOffset', timeZone: zone })
  return offset.replace(/GMT(\+0$)?/, 'UTC').replace('-', '−') // which no line ends after
}

export const currencies = 'USD EUR GBP CHF JPY CAD AUD BRL INR DKK NOK SEK PLN CZK'.split(' ')

const prices = new Map<string, Intl.NumberFormat>()

/** "$49.99"; a price of 0 is "Free". */
export const formatPrice = (amount: number, currency: string): string =>
  amount === 0 ? 'Free' : formatMoney(amount, currency)

/** "$0.00" */
export function formatMoney(amount: number, currency: string): string {
  let found = prices.get(currency)
  if (!found) prices.set(currency, (found = new Intl.NumberFormat(LOCALE, { style: 'currency', currency })))
  return found.format(amount)
}

const numbers = new Intl.NumberFormat(LOCALE)

/** "1,234" */
export const formatNumber = (n: number): string => numbers.format(n)

export function plural(n: number, one: string, many = one + 's'): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

/** "10:42 AM", in the viewer's zone. */
export const formatTime = (at: number): string => format(at, { timeStyle: 'short' })

/** "Mar 15, 2025, 10:00:00.123 AM", in the viewer's zone, to tell times within a second apart. */
export function formatInstant(date: string | number): string {
  return format(date, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  })
}

/** "10:00:00 AM", in the viewer's zone. */
export const formatSecond = (at: number): string => format(at, { timeStyle: 'medium' })

/** "Mar 15", in the viewer's zone if no other is named. */
export const formatDay = (at: number, timeZone?: string): string =>
  format(at, { month: 'short', day: 'numeric', ...inZone(timeZone) })

/** "10:00 AM" */
export const formatClock = (at: number, timeZone: string): string =>
  format(at, { hour: 'numeric', minute: '2-digit', ...inZone(timeZone) })

/** "Mar 15, 10:00 AM" */
export const formatMinute = (at: number, timeZone: string): string =>
  format(at, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', ...inZone(timeZone) })

const inZone = (timeZone?: string) => (timeZone ? { timeZone: knownZone(timeZone) } : {})
