import { localTimeAt, offsetAt } from './zoned-time'

// All formatting of dates and money. Times are sent as UTC. Times of events are shown in a named
// zone, times of user actions in the viewer's zone. Formatters are slow to create: lists avoid
// them, and each is created once.
const LOCALE = 'en-US'
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

const two = (n: number): string => String(n).padStart(2, '0')

/** "March 15, 2025 at 10:00 AM" */
export function formatDateTime(date: string, timeZone: string): string {
  const clock = localTimeAt(date, timeZone)
  const hour = clock.getUTCHours()
  const time = `${hour % 12 || 12}:${two(clock.getUTCMinutes())} ${hour < 12 ? 'AM' : 'PM'}`
  return `${MONTHS[clock.getUTCMonth()]} ${clock.getUTCDate()}, ${clock.getUTCFullYear()} at ${time}`
}

/** The parts of the date on a ticket stub. */
export function stubParts(
  date: string,
  timeZone: string,
): { weekday: string; day: string; month: string; year: string } {
  const clock = localTimeAt(date, timeZone)
  return {
    weekday: WEEKDAYS[clock.getUTCDay()] ?? '',
    day: two(clock.getUTCDate()),
    month: MONTHS[clock.getUTCMonth()]?.slice(0, 3) ?? '',
    year: String(clock.getUTCFullYear()),
  }
}

/** "UTC+1", "UTC-3:30": the offset of the venue's zone. */
export function zoneName(date: string, timeZone: string): string {
  const minutes = Math.round(offsetAt(Date.parse(date), timeZone) / 60_000)
  if (minutes === 0) return 'UTC'
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest ? `:${two(rest)}` : ''}`
}

/** Whether two zones have the same offset at that time. */
export function sameOffset(date: string, a: string, b: string): boolean {
  return zoneName(date, a) === zoneName(date, b)
}

// The format of the currencies that the form offers. Lists show many prices, and creating one more
// formatter takes longer than rendering a card.
const symbols = {
  USD: '$',
  EUR: '€',
  GBP: '£',
  CHF: 'CHF\u00a0',
  JPY: '¥',
  CAD: 'CA$',
  AUD: 'A$',
  BRL: 'R$',
  INR: '₹',
  DKK: 'DKK\u00a0',
  NOK: 'NOK\u00a0',
  SEK: 'SEK\u00a0',
  PLN: 'PLN\u00a0',
  CZK: 'CZK\u00a0',
}
export const currencies = Object.keys(symbols) as readonly (keyof typeof symbols)[]

const prices = new Map<string, Intl.NumberFormat>()

/** "$49.99"; a price of 0 is "Free". */
export function formatPrice(amount: number, currency: string): string {
  if (amount === 0) return 'Free'
  const symbol = currencies.find((known) => known === currency)
  if (symbol) {
    const [whole = '', cents] = amount.toFixed(currency === 'JPY' ? 0 : 2).split('.')
    return symbols[symbol] + grouped(whole) + (cents ? `.${cents}` : '')
  }
  let found = prices.get(currency)
  if (!found) prices.set(currency, (found = new Intl.NumberFormat(LOCALE, { style: 'currency', currency })))
  return found.format(amount)
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/** "1,234", for a whole number. */
export function formatNumber(n: number): string {
  return grouped(String(n))
}

export function plural(n: number, one: string, many = one + 's'): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

const spaces = (text: string): string => text.replace(/\u202f/g, ' ')

const formatters = new Map<string, Intl.DateTimeFormat>()
function formatter(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  let found = formatters.get(key)
  if (!found) formatters.set(key, (found = new Intl.DateTimeFormat(LOCALE, options)))
  return found
}

/** "10:42 AM", in the viewer's zone. */
export function formatTime(at: number): string {
  const options: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' }
  return spaces(formatter('time', options).format(at))
}

/** "Mar 15, 2025, 10:00:00.123 AM", in the viewer's zone, to tell times within a second apart. */
export function formatInstant(date: string | number): string {
  const options: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  }
  return spaces(formatter('instant', options).format(new Date(date)))
}

/** "10:00:00 AM", in the viewer's zone. */
export function formatSecond(at: number): string {
  return spaces(formatter('second', { timeStyle: 'medium' }).format(at))
}

/** "Mar 15", in the viewer's zone. */
export function formatDay(at: number): string {
  return formatter('day', { month: 'short', day: 'numeric' }).format(at)
}
