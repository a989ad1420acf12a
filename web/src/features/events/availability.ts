import type { Event } from '@/lib/api/types'
import { salePhase } from '@/lib/sale'
import { availability as text } from './strings'

type Level = 'good' | 'warn' | 'bad' | 'off'

interface Availability {
  level: Level
  text: string
  /** So few are left that one should hurry. */
  isScarce?: boolean
}

// So few are scarce in a small room too, whatever their share.
const FEW = 5

/**
 * More than half left is green, a tenth or more yellow, less red, and none gray. The text tells the
 * same without the colour.
 */
export function availabilityOf(
  event: Pick<
    Event,
    'remainingTickets' | 'totalTickets' | 'status' | 'date' | 'saleOpensAt' | 'saleClosesAt'
  >,
): Availability {
  const phase = salePhase(event)
  if (phase !== 'open') return { level: 'off', text: text.phases[phase] }
  const { remainingTickets: left, totalTickets: total } = event
  if (left <= 0) return { level: 'off', text: text.soldOut }
  const isScarce = left <= FEW || left * 10 < total
  const level = left * 2 > total ? 'good' : left * 10 >= total ? 'warn' : 'bad'
  return { level, text: left === 1 ? text.last : text.left(left, isScarce), isScarce }
}
