import { inNextTask } from './preload'

// One place for dates and money. Times travel as UTC; those of events are shown in a zone that is named, those of what happened here
// by the viewer's own clock. Formatters are slow to make, so each is made once.
const LOCALE = 'en-US'

const spaces = (text: string): string => text.replace(/\u202f/g, ' ')

const formatters = new Map<string, Intl.DateTimeFormat>()
function formatter(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${key} ${options.timeZone}`
  let found = formatters.get(id)
  if (!found) formatters.set(id, (found = new Intl.DateTimeFormat(LOCALE, options)))
  return found
}

// Of one zone a list shows the date in large type, in words, and with the name of the zone: one formatter gives the parts of them all.
function partsOf(date: string, timeZone: string): (type: Intl.DateTimeFormatPartTypes) => string {
  const parts = formatter('parts', {
    weekday: 'short',
    month: 'long',
    day: 'numeric',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).formatToParts(new Date(date))
  return (type) => parts.find((p) => p.type === type)?.value ?? ''
}

// The first formatter takes a phone a tenth of a second, for the browser then looks at every locale that it has. That is over, in a
// task of its own, before there is anything to format.
if (typeof window !== 'undefined') inNextTask(() => Intl.DateTimeFormat.supportedLocalesOf(LOCALE))

/** "March 15, 2025 at 10:00 AM" */
export function formatDateTime(date: string, timeZone: string): string {
  const part = partsOf(date, timeZone)
  return `${part('month')} ${part('day')}, ${part('year')} at ${part('hour')}:${part('minute')} ${part('dayPeriod')}`
}

/** The parts that a ticket stub sets in large type. */
export function stubParts(
  date: string,
  timeZone: string,
): { weekday: string; day: string; month: string; year: string } {
  const part = partsOf(date, timeZone)
  return {
    weekday: part('weekday'),
    day: part('day').padStart(2, '0'),
    month: part('month').slice(0, 3),
    year: part('year'),
  }
}

/** "GMT+1", "EST": what clocks at the venue say. */
export function zoneName(date: string, timeZone: string): string {
  return partsOf(date, timeZone)('timeZoneName') || timeZone
}

let zone: string | undefined

export function viewerZone(): string {
  return (zone ??= Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** Whether two zones show the same time at that moment. */
export function sameClock(date: string, a: string, b: string): boolean {
  return formatDateTime(date, a) === formatDateTime(date, b)
}

// How the currencies of our form are written. Lists are full of prices, and making one formatter more takes a page longer than it
// takes to draw a card.
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

/** "$49.99"; nothing to pay is "Free". */
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

/** "1,234" of a whole number. */
export function formatNumber(n: number): string {
  return grouped(String(n))
}

export function plural(n: number, one: string, many = one + 's'): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

/** "10:42 AM", of the viewer's own clock. */
export function formatTime(at: number): string {
  const options: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' }
  return spaces(formatter('time', options).format(at))
}

/** "Mar 15, 2025, 10:00:00.123 AM", of the viewer's own clock: for what happened within a second. */
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

/** "10:00:00 AM", of the viewer's own clock. */
export function formatSecond(at: number): string {
  return spaces(formatter('second', { timeStyle: 'medium' }).format(at))
}

/** "Mar 15", of the viewer's own clock. */
export function formatDay(at: number): string {
  return formatter('day', { month: 'short', day: 'numeric' }).format(at)
}
