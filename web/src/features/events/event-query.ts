import {
  createSerializer,
  debounce,
  parseAsInteger,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
  type inferParserType,
} from 'nuqs'
import { useDebounced } from '@/lib/debounced'

const DEBOUNCE = 300 // milliseconds

// Search, sort order and page are kept in the URL, so that it can be shared and reloaded and the
// back button works.
const parsers = {
  search: parseAsString.withDefault('').withOptions({ limitUrlUpdates: debounce(DEBOUNCE) }),
  sortBy: parseAsStringLiteral(['date', 'price', 'title'])
    .withDefault('date')
    .withOptions({ history: 'push' }),
  sortOrder: parseAsStringLiteral(['asc', 'desc']).withDefault('asc'),
  page: parseAsInteger.withDefault(1),
}

export type EventQuery = inferParserType<typeof parsers>

const searchString = createSerializer(parsers)

/** `query` is what the controls show at once, `settled` what is asked for after a pause in typing. */
export function useEventQuery() {
  const [{ page, ...rest }, change] = useQueryStates(parsers)
  const query = { ...rest, page: Math.max(1, page) }
  const search = useDebounced(query.search, DEBOUNCE).trim().slice(0, 200)
  return {
    query,
    settled: { ...query, search },
    change,
    href: (part: Partial<EventQuery>) => searchString('/events', { ...query, ...part }),
  }
}
