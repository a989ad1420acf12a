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

/** "March 15, 2025 at 10:00 AM" */
export function formatDateTime(date: string, timeZone: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: 'long', timeStyle: 'short', timeZone }
  return spaces(formatter('long', options).format(new Date(date)))
}

/** The parts that a ticket stub sets in large type. */
export function stubParts(
  date: string,
  timeZone: string,
): { weekday: string; day: string; month: string; year: string } {
  const parts = formatter('stub', {
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    timeZone,
  }).formatToParts(new Date(date))
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((p) => p.type === type)?.value ?? ''
  return { weekday: part('weekday'), day: part('day'), month: part('month'), year: part('year') }
}

/** "GMT+1", "EST": what clocks at the venue say. */
export function zoneName(date: string, timeZone: string): string {
  const parts = formatter('zone', { timeZone, timeZoneName: 'short' }).formatToParts(new Date(date))
  return parts.find((p) => p.type === 'timeZoneName')?.value ?? timeZone
}

let zone: string | undefined

export function viewerZone(): string {
  return (zone ??= Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** Whether two zones show the same time at that moment. */
export function sameClock(date: string, a: string, b: string): boolean {
  return formatDateTime(date, a) === formatDateTime(date, b)
}

const prices = new Map<string, Intl.NumberFormat>()

/** "$49.99"; nothing to pay is "Free". */
export function formatPrice(amount: number, currency: string): string {
  if (amount === 0) return 'Free'
  let found = prices.get(currency)
  if (!found) prices.set(currency, (found = new Intl.NumberFormat(LOCALE, { style: 'currency', currency })))
  return found.format(amount)
}

const numbers = new Intl.NumberFormat(LOCALE)

export function formatNumber(n: number): string {
  return numbers.format(n)
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
