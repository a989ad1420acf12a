import type { Event } from '@/lib/api/types'
import { plural } from '@/lib/format'

type Level = 'good' | 'warn' | 'bad' | 'off'

interface Availability {
  level: Level
  text: string
}

/**
 * More than half left is green, a tenth or more yellow, less red, and none gray. The text tells the
 * same without the colour.
 */
export function availabilityOf(
  event: Pick<Event, 'remainingTickets' | 'totalTickets' | 'status'>,
): Availability {
  if (event.status === 'CANCELLED') return { level: 'off', text: 'Cancelled' }
  const { remainingTickets: left, totalTickets: total } = event
  if (left <= 0) return { level: 'off', text: 'Sold Out' }
  if (left * 2 > total) return { level: 'good', text: `${plural(left, 'ticket')} left` }
  if (left * 10 >= total) return { level: 'warn', text: `${plural(left, 'ticket')} left` }
  return { level: 'bad', text: left === 1 ? 'Last ticket' : `Only ${plural(left, 'ticket')} left` }
}
