import { Ban, CalendarCheck } from 'lucide-react'
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
      <Ban aria-hidden />
      {status === 'CANCELLED' ? texts.status.CANCELLED : texts.status.other}
    </Badge>
  )
}
