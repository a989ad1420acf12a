'use client'

import { usePathname, useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { changeSearch } from '@/lib/address'
import type { EventQuery } from './api/list-events'

const sorts = ['date', 'price', 'title'] as const

function parse(parameters: URLSearchParams): EventQuery {
  const sortBy = parameters.get('sortBy')
  return {
    page: Math.max(1, Math.floor(Number(parameters.get('page'))) || 1),
    search: (parameters.get('search') ?? '').slice(0, 200),
    sortBy: sorts.find((s) => s === sortBy) ?? 'date',
    sortOrder: parameters.get('sortOrder') === 'desc' ? 'desc' : 'asc',
  }
}

function write(query: EventQuery): string {
  const parameters = new URLSearchParams()
  if (query.search) parameters.set('search', query.search)
  if (query.sortBy !== 'date') parameters.set('sortBy', query.sortBy)
  if (query.sortOrder !== 'asc') parameters.set('sortOrder', query.sortOrder)
  if (query.page !== 1) parameters.set('page', String(query.page))
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

/**
 * Search, sort order and page, kept in the URL, so that it can be shared and reloaded and the back
 * button works.
 */
export function useEventQuery() {
  const pathname = usePathname()
  const parameters = useSearchParams()
  const query = useMemo(() => parse(new URLSearchParams(parameters)), [parameters])
  const change = useCallback(
    (part: Partial<EventQuery>, how: 'push' | 'replace' = 'push') => {
      const next = write({ ...parse(new URLSearchParams(location.search)), page: 1, ...part })
      changeSearch(pathname, next, how)
    },
    [pathname],
  )
  const href = useCallback(
    (part: Partial<EventQuery>) => pathname + write({ ...query, ...part }),
    [pathname, query],
  )
  return { query, change, href }
}
