import { TitleLink } from '@/components/title-link'
import type { StreamItem } from '@/lib/api/types'
import { formatDateTime } from '@/lib/format'
import { paths } from '@/lib/paths'
import { viewerZone } from '@/lib/time-zone'
import { texts } from '../strings'
import { StatusBadge } from './status-badge'

const words = texts.list

export function StreamList({ streams }: { streams: readonly StreamItem[] }) {
  return (
    <ul className="grid gap-3">
      {streams.map((stream) => (
        <li key={stream.id} className="panel flex flex-wrap items-center justify-between gap-x-8 gap-y-2">
          <div className="grid min-w-0 gap-1">
            <h2 className="type-display text-xl">
              <TitleLink href={paths.auditStream(stream.id)}>{stream.title || texts.untitled}</TitleLink>
            </h2>
            <p className="text-sm text-soft">
              <span>{words.lastEntry} </span>
              <time dateTime={stream.lastAt}>{formatDateTime(stream.lastAt, viewerZone())}</time>
            </p>
          </div>
          <div className="flex flex-wrap items-center gap-x-5 gap-y-2 text-sm text-soft">
            <p>{words.left(stream.remaining, stream.capacity)}</p>
            <p className="font-semibold text-ink">{words.entries(stream.records)}</p>
            {stream.status !== 'SCHEDULED' && <StatusBadge status={stream.status} />}
          </div>
        </li>
      ))}
    </ul>
  )
}
