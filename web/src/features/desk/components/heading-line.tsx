import { Ban, PencilLine } from 'lucide-react'
import { DateTime } from '@/components/date-time'
import { Badge } from '@/components/ui/badge'
import type { DeskListedEvent } from '@/lib/api/types'
import { formatWeekday, zoneName } from '@/lib/format'
import { event as text } from '../strings'

/** When and where an event is, its status, and what one may do there. */
export function HeadingLine({
  event,
}: {
  event: Pick<DeskListedEvent, 'date' | 'timeZone' | 'venue' | 'status' | 'role'>
}) {
  const { date, timeZone, venue, status, role } = event
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm">
      <p className="min-w-0">
        <span className="font-medium">
          {formatWeekday(date, timeZone)}, <DateTime at={date} timeZone={timeZone} />
        </span>{' '}
        <span className="whitespace-nowrap text-soft">{zoneName(date, timeZone)}</span>
        <span className="text-soft">
          {' · '}
          <bdi>{venue}</bdi>
        </span>
      </p>
      {status !== 'SCHEDULED' && (
        <Badge tone="off">
          {status === 'DRAFT' ? <PencilLine aria-hidden /> : <Ban aria-hidden />}
          {text.status[status]}
        </Badge>
      )}
      {text.roles[role] && <Badge tone="off">{text.roles[role]}</Badge>}
    </div>
  )
}
