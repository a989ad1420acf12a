import { Ban, CircleCheck, Flame, Hourglass } from 'lucide-react'
import { Badge } from '@/components/ui/badge'
import type { Event } from '@/lib/api/types'
import { availabilityOf } from '../availability'

const icons = { good: CircleCheck, warn: Hourglass, bad: Flame, off: Ban }

export function AvailabilityBadge({ event }: { event: Event }) {
  const { level, text } = availabilityOf(event)
  const Icon = icons[level]
  return (
    <Badge tone={level}>
      <Icon aria-hidden />
      <span>{text}</span>
    </Badge>
  )
}
