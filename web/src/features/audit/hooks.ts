'use client'

import { usePathname, useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { changeSearch } from '@/lib/address'
import type { StreamQuery } from './api/list-streams'

const natural = (text: string | null): number => Math.max(0, Math.floor(Number(text)) || 0)

function parse(parameters: URLSearchParams): StreamQuery {
  return { search: (parameters.get('search') ?? '').slice(0, 200), after: natural(parameters.get('after')) }
}

function write(query: StreamQuery): string {
  const parameters = new URLSearchParams()
  if (query.search) parameters.set('search', query.search)
  if (query.after) parameters.set('after', String(query.after))
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

/** The search term and the start of the page, kept in the URL. */
export function useStreamQuery() {
  const pathname = usePathname()
  const parameters = useSearchParams()
  const query = useMemo(() => parse(new URLSearchParams(parameters)), [parameters])
  const change = useCallback(
    (part: Partial<StreamQuery>, how: 'push' | 'replace') =>
      changeSearch(
        pathname,
        write({ ...parse(new URLSearchParams(location.search)), after: 0, ...part }),
        how,
      ),
    [pathname],
  )
  const href = (part: Partial<StreamQuery>) => pathname + write({ ...query, ...part })
  return { query, change, href }
}

/** The selected version of a stream, also kept in the URL; 0 is the newest. */
export function useVersion() {
  const pathname = usePathname()
  const at = natural(useSearchParams().get('at'))
  const goTo = useCallback(
    (version: number, how: 'push' | 'replace') => changeSearch(pathname, `?at=${version}`, how),
    [pathname],
  )
  return [at, goTo] as const
}
