import Link from 'next/link'
import type { StreamItem } from '@/lib/api/types'
import { formatDateTime, formatNumber, plural } from '@/lib/format'
import { paths } from '@/lib/paths'
import { viewerZone } from '@/lib/time-zone'
import { StatusBadge } from './status-badge'

export function StreamList({ streams }: { streams: readonly StreamItem[] }) {
  return (
    <ul className="grid gap-3">
      {streams.map((stream) => (
        <li
          key={stream.id}
          className="grid gap-x-8 gap-y-3 rounded-ticket border bg-card p-4 sm:px-5 lg:grid-cols-[1fr_auto]"
        >
          <div className="grid min-w-0 content-start gap-1">
            <h2 className="type-display text-xl">
              <Link
                href={paths.auditStream(stream.id)}
                prefetch={false}
                className="rounded-sm wrap-anywhere hover:underline hover:decoration-2 hover:underline-offset-4"
              >
                {stream.title || 'Without a title'}
              </Link>
            </h2>
            <p className="font-mono text-xs break-all text-soft">{stream.id}</p>
            <p className="text-sm text-soft">
              <time dateTime={stream.firstAt}>{formatDateTime(stream.firstAt, viewerZone())}</time>
              {stream.records > 1 && (
                <>
                  {' to '}
                  <time dateTime={stream.lastAt}>{formatDateTime(stream.lastAt, viewerZone())}</time>
                </>
              )}
            </p>
          </div>
          <div className="flex flex-wrap items-center gap-x-5 gap-y-2 lg:justify-end">
            <p className="text-sm text-soft">
              <strong className="text-base font-semibold text-ink">{plural(stream.records, 'record')}</strong>{' '}
              from position {formatNumber(stream.position)}
            </p>
            <p className="text-sm text-soft">
              {formatNumber(stream.remaining)} of {plural(stream.capacity, 'ticket')} left
            </p>
            <StatusBadge status={stream.status} />
          </div>
        </li>
      ))}
    </ul>
  )
}
