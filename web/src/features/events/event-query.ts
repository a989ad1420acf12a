import {
  createParser,
  createSerializer,
  debounce,
  parseAsBoolean,
  parseAsInteger,
  parseAsString,
  parseAsStringLiteral,
  type inferParserType,
} from 'nuqs'
import { useDebounced } from '@/lib/debounced'
import { currencies } from '@/lib/format'
import { paths } from '@/lib/paths'
import { now } from '@/lib/server-time'
import { useUrlState } from '@/lib/url-state'
import { categories, filters, type Category } from './strings'

const DEBOUNCE = 300 // milliseconds

const typed = { limitUrlUpdates: debounce(DEBOUNCE) }
const chosen = { history: 'push' } as const
const literal = <T extends string>(values: readonly T[]) => parseAsStringLiteral(values).withOptions(chosen)

/** A day of the calendar: "2030-03-15". */
const parseAsDay = createParser({
  parse: (text) => (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null),
  serialize: String,
})

const parseAsAmount = createParser({
  parse: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : null),
  serialize: String,
})

// Search, filters, order and page are kept in the URL, so that it can be shared and reloaded and the
// back button works.
const parsers = {
  search: parseAsString.withDefault('').withOptions(typed),
  when: literal(Object.keys(filters.whens) as (keyof typeof filters.whens)[]).withDefault('any'),
  from: parseAsDay,
  to: parseAsDay,
  category: literal(Object.keys(categories) as Category[]),
  price: literal(Object.keys(filters.prices) as (keyof typeof filters.prices)[]).withDefault('any'),
  most: parseAsAmount.withOptions(typed),
  currency: parseAsStringLiteral(currencies).withDefault('USD'),
  available: parseAsBoolean.withDefault(false).withOptions(chosen),
  sortBy: literal(['date', 'price', 'title']).withDefault('date'),
  sortOrder: parseAsStringLiteral(['asc', 'desc']).withDefault('asc'),
  page: parseAsInteger.withDefault(1),
}

export type EventQuery = inferParserType<typeof parsers>
export type Change = (part: Partial<EventQuery> | null) => void

const searchString = createSerializer(parsers)

export const noFilters = {
  when: null,
  from: null,
  to: null,
  category: null,
  price: null,
  most: null,
  currency: null,
  available: null,
}

/** How many filters are used. */
export const activeFilters = ({ when, category, price, available }: EventQuery): number =>
  [when !== 'any', category, price !== 'any', available].filter(Boolean).length

/** `query` is what the controls show at once, `settled` what is asked for after a pause in typing. */
export function useEventQuery() {
  const [{ page, ...rest }, change] = useUrlState(parsers)
  const query = { ...rest, page: Math.max(1, page) }
  const search = useDebounced(query.search, DEBOUNCE).trim().slice(0, 200)
  const most = useDebounced(query.most, DEBOUNCE)
  return {
    query,
    settled: { ...query, search, most },
    change,
    href: (part: Partial<EventQuery>) => searchString(paths.events, { ...query, ...part }),
  }
}

/** The query as the API is asked. */
export function parametersOf({
  search,
  when,
  from,
  to,
  category,
  price,
  most,
  currency,
  ...rest
}: EventQuery) {
  const { available, ...order } = rest
  const [first, end] = daysOf(when, from, to)
  return {
    ...order,
    ...(search && { search }),
    ...(first && { from: first }),
    ...(end && { to: end }),
    ...(category && { category: [category] }),
    ...(price === 'free' && { maxPrice: '0' }),
    ...(price === 'most' && most !== null && { maxPrice: String(most), currency }),
    ...(available && { available }),
  }
}

/** The first moment of a range of days at the viewer's, and the moment at which it ends. */
function daysOf(when: EventQuery['when'], from: string | null, to: string | null) {
  const today = new Date(now())
  const dayFromToday = (days: number) =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() + days).toISOString()
  const untilSunday = (7 - today.getDay()) % 7
  switch (when) {
    case 'today':
      return [dayFromToday(0), dayFromToday(1)]
    case 'weekend':
      return [dayFromToday(Math.max(0, untilSunday - 1)), dayFromToday(untilSunday + 1)]
    case 'dates':
      return [from && dayOf(from, 0), to && dayOf(to, 1)]
    default:
      return []
  }
}

function dayOf(day: string, more: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + more).toISOString()
}
