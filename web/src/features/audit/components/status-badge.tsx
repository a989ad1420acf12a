import { Ban, CalendarCheck } from 'lucide-react'
import { Badge } from '@/components/ui/badge'

export function StatusBadge({ status }: { status: string }) {
  if (status === 'SCHEDULED')
    return (
      <Badge tone="good">
        <CalendarCheck aria-hidden />
        Scheduled
      </Badge>
    )
  return (
    <Badge tone="off">
      <Ban aria-hidden />
      {status === 'CANCELLED' ? 'Cancelled' : 'Not scheduled'}
    </Badge>
  )
}
