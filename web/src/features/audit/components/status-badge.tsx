import { Ban, CalendarCheck, PencilLine } from 'lucide-react'
import { Badge } from '@/components/ui/badge'
import { texts } from '../strings'

export function StatusBadge({ status }: { status: string }) {
  if (status === 'SCHEDULED')
    return (
      <Badge tone="good">
        <CalendarCheck aria-hidden />
        {texts.status.SCHEDULED}
      </Badge>
    )
  return (
    <Badge tone="off">
      {status === 'DRAFT' ? <PencilLine aria-hidden /> : <Ban aria-hidden />}
      {status === 'CANCELLED' || status === 'DRAFT' ? texts.status[status] : texts.status.other}
    </Badge>
  )
}
