import { Ban, CircleCheck, Flame, Hourglass } from 'lucide-react'
import { Badge } from '@/components/ui/badge'
import type { Event } from '@/lib/api/types'
import { availabilityOf } from '../availability'

const icons = { good: CircleCheck, warn: Hourglass, bad: Flame, off: Ban }
// Green although few are left: no calm green.
const urgent = 'bg-good! text-card!'

export function AvailabilityBadge({ event }: { event: Event }) {
  const { level, text, isScarce } = availabilityOf(event)
  const Icon = isScarce ? Flame : icons[level]
  return (
    <Badge tone={level} className={isScarce && level === 'good' ? urgent : undefined}>
      <Icon aria-hidden />
      <span>{text}</span>
    </Badge>
  )
}
