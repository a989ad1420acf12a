import type { Event } from '@/lib/api/types'
import { plural } from '@/lib/format'

type Level = 'good' | 'warn' | 'bad' | 'off'

interface Availability {
  level: Level
  text: string
}

// So few are scarce in a small room too, whatever their share.
const FEW = 5

/**
 * More than half left is green, a tenth or more yellow, less red, and none gray. The text tells the
 * same without the colour.
 */
export function availabilityOf(
  event: Pick<Event, 'remainingTickets' | 'totalTickets' | 'status' | 'date'>,
): Availability {
  if (event.status === 'CANCELLED') return { level: 'off', text: 'Cancelled' }
  if (Date.parse(event.date) <= Date.now()) return { level: 'off', text: 'Past event' }
  const { remainingTickets: left, totalTickets: total } = event
  if (left <= 0) return { level: 'off', text: 'Sold Out' }
  const isScarce = left <= FEW || left * 10 < total
  const text = left === 1 ? 'Last ticket' : `${isScarce ? 'Only ' : ''}${plural(left, 'ticket')} left`
  if (left * 2 > total) return { level: 'good', text }
  if (left * 10 >= total) return { level: 'warn', text }
  return { level: 'bad', text }
}
