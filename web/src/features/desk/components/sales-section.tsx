'use client'

import dynamic from 'next/dynamic'
import { parseAsStringLiteral } from 'nuqs'
import { LoadError } from '@/components/load-error'
import { Panel } from '@/components/panel'
import { Select } from '@/components/ui/select'
import { Skeleton } from '@/components/ui/skeleton'
import type { DeskEvent } from '@/lib/api/types'
import { useUrlState } from '@/lib/url-state'
import { useRush, useSales } from '../api/get-sales'
import { counts, revenue, sales as text } from '../strings'
import { Counts } from './counts'
import { Revenue } from './revenue'

const loading = () => <Skeleton className="h-60" />
// The chart library is larger than the rest of the page.
const SalesChart = dynamic(() => import('./sales-charts'), { ssr: false, loading })
const RushChart = dynamic(() => import('./sales-charts').then((file) => file.RushChart), {
  ssr: false,
  loading,
})

/** What an event sells: the numbers of now, the money, and how it went. */
export function SalesSection({ event }: { event: DeskEvent }) {
  return (
    <div className="grid grid-cols-1 gap-group lg:grid-cols-2">
      <Panel title={counts.title}>
        <Counts event={event} />
      </Panel>
      <Panel title={revenue.title}>
        <Revenue event={event} />
      </Panel>
      <OverTime id={event.id} />
      <Rush id={event.id} timeZone={event.timeZone} />
    </div>
  )
}

const intervals = ['day', 'hour'] as const
const parsers = { by: parseAsStringLiteral(intervals).withDefault('day') }

function OverTime({ id }: { id: string }) {
  const [{ by }, change] = useUrlState(parsers)
  const query = useSales(id, by)
  const { data } = query
  return (
    <Panel title={text.title}>
      <label className="flex items-center gap-3 text-sm font-semibold">
        {text.by}
        <Select value={by} onChange={(e) => change({ by: e.target.value as (typeof intervals)[number] })}>
          {intervals.map((value) => (
            <option key={value} value={value}>
              {text.intervals[value]}
            </option>
          ))}
        </Select>
      </label>
      {data ? (
        data.data.length > 0 ? (
          <>
            <SalesChart sales={data} />
            <p className="text-sm text-soft">{text.zone(data.timeZone)}</p>
          </>
        ) : (
          <p className="text-soft">{text.none}</p>
        )
      ) : query.error ? (
        <LoadError title={text.failed} query={query} />
      ) : (
        loading()
      )}
    </Panel>
  )
}

function Rush({ id, timeZone }: { id: string; timeZone: string }) {
  const query = useRush(id)
  if (query.data?.length === 0) return null
  return (
    <Panel title={text.rush}>
      {query.data ? (
        <RushChart minutes={query.data} timeZone={timeZone} />
      ) : query.error ? (
        <LoadError title={text.failed} query={query} />
      ) : (
        loading()
      )}
    </Panel>
  )
}
