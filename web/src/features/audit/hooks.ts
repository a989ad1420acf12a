import { createSerializer, debounce, parseAsInteger, parseAsString } from 'nuqs'
import { useDebounced } from '@/lib/debounced'
import { paths } from '@/lib/paths'
import { useUrlState } from '@/lib/url-state'
import type { StreamQuery } from './api/list-streams'

const DEBOUNCE = 300 // milliseconds

const parsers = {
  search: parseAsString.withDefault('').withOptions({ limitUrlUpdates: debounce(DEBOUNCE) }),
  after: parseAsInteger.withDefault(0),
}
const searchString = createSerializer(parsers)

/**
 * The search term and the start of the page, kept in the URL. `query` is what the controls show at
 * once, `settled` what is asked for after a pause in typing.
 */
export function useStreamQuery() {
  const [{ search, after }, change] = useUrlState(parsers)
  const query = { search, after: Math.max(0, after) }
  const settled = useDebounced(search, DEBOUNCE).trim().slice(0, 200)
  return {
    query,
    settled: { ...query, search: settled },
    change,
    href: (part: Partial<StreamQuery>) => searchString(paths.audit, { ...query, ...part }),
  }
}

const version = { at: parseAsInteger.withDefault(0) }

/** The selected version of a stream, also kept in the URL; 0 is the newest. */
export function useVersion() {
  const [{ at }, change] = useUrlState(version)
  return [at, (at: number, history: 'push' | 'replace') => change({ at }, { history })] as const
}
