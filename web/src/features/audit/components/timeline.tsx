'use client'

import { LoadError } from '@/components/load-error'
import { Pagination } from '@/components/pagination'
import { Skeleton } from '@/components/ui/skeleton'
import type { StreamRecord } from '@/lib/api/types'
import { formatDay, formatNumber, formatSecond } from '@/lib/format'
import { paths } from '@/lib/paths'
import { PAGE_SIZE, useStreamPage } from '../api/get-stream'
import { describeRecord } from '../record'
import { texts } from '../strings'

const firstOf = (page: number) => (page - 1) * PAGE_SIZE + 1

/** What happened around a version, oldest first, each with the tickets left. */
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
    return <LoadError title={texts.history.entriesFailed} query={query} />
  if (!data) return <Skeleton className="h-96" />
  return (
    <div className="grid gap-group">
      <p role="status" className="text-sm text-soft">
        {texts.timeline.range(firstOf(page), Math.min(page * PAGE_SIZE, newest), newest)}
      </p>
      <ol
        start={firstOf(page)}
        aria-busy={isPlaceholderData}
        className="grid transition-opacity aria-busy:opacity-60"
      >
        {data.records.map((record) => (
          <li
            key={record.version}
            aria-current={record.version === version || undefined}
            className="group grid"
          >
            <button
              type="button"
              onClick={() => onChoose(record.version)}
              className="grid min-h-14 grid-cols-[0.75rem_1fr] gap-x-3 rounded-md px-2 text-left group-aria-[current=true]:bg-stamp-wash group-aria-[current=true]:outline-2 group-aria-[current=true]:-outline-offset-2 group-aria-[current=true]:outline-stamp hover:bg-off-wash"
            >
              <Dot />
              <What record={record} />
            </button>
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

/** A dot on the line that runs through the whole list. */
function Dot() {
  return (
    <span aria-hidden className="relative grid place-items-center">
      <span className="absolute inset-y-0 w-0.5 bg-line group-first:top-1/2 group-last:bottom-1/2" />
      <span className="relative size-3 rounded-full border-2 border-stamp bg-card group-aria-[current=true]:bg-stamp" />
    </span>
  )
}

function What({ record }: { record: StreamRecord }) {
  const { version, recordedAt, problem, state } = record
  const at = Date.parse(recordedAt)
  return (
    <span className="grid min-w-0 content-center py-2">
      <span className="font-semibold wrap-anywhere">
        <span className="sr-only">{texts.timeline.entry(version)}</span> <span>{describeRecord(record)}</span>
      </span>
      <span className="flex flex-wrap justify-between gap-x-3 text-sm text-soft">
        <span>
          <span aria-hidden>{formatNumber(version)} · </span>
          <time dateTime={recordedAt}>{`${formatDay(at)}, ${formatSecond(at)}`}</time>
        </span>
        <span>{texts.timeline.left(state.remaining)}</span>
      </span>
      {problem && <span className="text-sm font-medium wrap-anywhere text-bad">{problem}</span>}
    </span>
  )
}
