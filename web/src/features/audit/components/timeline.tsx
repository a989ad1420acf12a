'use client'

import { Pagination } from '@/components/pagination'
import { LoadError } from '@/components/load-error'
import { Skeleton } from '@/components/ui/skeleton'
import { formatNumber } from '@/lib/format'
import { paths } from '@/lib/paths'
import { PAGE_SIZE, useStreamPage } from '../api/get-stream'
import { RecordSummary } from './state-at-version'

const firstOf = (page: number) => (page - 1) * PAGE_SIZE + 1

/** The records around a version, oldest first, each with the tickets left. */
export function Timeline({
  streamId,
  version,
  newest,
  onChoose,
}: {
  streamId: string
  version: number
  newest: number
  onChoose: (version: number) => void
}) {
  const page = Math.ceil(version / PAGE_SIZE)
  const query = useStreamPage(streamId, page)
  const { data, isPlaceholderData } = query
  if (query.error && (!data || isPlaceholderData))
    return <LoadError title="These records can’t be shown" query={query} />
  if (!data) return <Skeleton className="h-96" />
  return (
    <div className="grid gap-4">
      <p role="status" className="text-sm text-soft">
        Records {formatNumber(firstOf(page))} to {formatNumber(Math.min(page * PAGE_SIZE, newest))} of{' '}
        {formatNumber(newest)}
      </p>
      <ol
        start={firstOf(page)}
        aria-busy={isPlaceholderData}
        className="grid transition-opacity"
        style={{ opacity: isPlaceholderData ? 0.6 : 1 }}
      >
        {data.records.map((record) => (
          <li
            key={record.version}
            aria-current={record.version === version || undefined}
            className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 border-t py-2.5 pr-2 aria-[current=true]:bg-stamp-wash sm:grid-cols-[auto_1fr_auto]"
          >
            <button
              type="button"
              aria-label={`Show version ${record.version}`}
              onClick={() => onChoose(record.version)}
              className="type-display min-h-11 min-w-14 self-start rounded-md px-2 text-lg hover:bg-off-wash"
            >
              {formatNumber(record.version)}
            </button>
            <RecordSummary record={record} />
            <p className="col-start-2 text-sm text-soft sm:col-start-3 sm:self-center sm:text-right">
              <strong className="font-semibold text-ink">{formatNumber(record.state.remaining)}</strong> of{' '}
              {formatNumber(record.state.capacity)} left
            </p>
          </li>
        ))}
      </ol>
      <Pagination
        page={page}
        pages={Math.ceil(newest / PAGE_SIZE)}
        href={(to) => paths.auditStream(streamId, firstOf(to))}
      />
    </div>
  )
}
