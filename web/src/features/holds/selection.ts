import type { Event, TicketType } from '@/lib/api/types'
import { leftOf } from '@/lib/sale'

/** How many tickets of each type are wanted, by the type's id. */
export type Chosen = Readonly<Record<number, number>>

interface Row {
  type: TicketType
  /** How many of the type can be had now. */
  left: number
  quantity: number
  /** What the quantity can be at most, with the other rows as they are. */
  most: number
}

/**
 * The rows to choose from. Counts go down while the page is open: a quantity is never more than what is
 * left now or, of tickets that are waited for, than there are at all. Where there is one type, one ticket
 * of it is chosen at first.
 */
export function selectionOf(event: Event, chosen: Chosen, allowed: number, isWaiting: boolean) {
  const { ticketTypes, totalTickets, remainingTickets } = event
  const preset = ticketTypes.length === 1 ? 1 : 0
  let free = Math.max(0, isWaiting ? allowed : Math.min(allowed, remainingTickets))
  const rows: Row[] = []
  for (const type of ticketTypes) {
    const left = leftOf(event, type)
    const limit = isWaiting ? (type.capacity ?? totalTickets) : left
    const quantity = Math.min(chosen[type.id] ?? preset, limit, free)
    free -= quantity
    rows.push({ type, left, quantity, most: limit })
  }
  for (const row of rows) row.most = Math.min(row.most, row.quantity + free)
  const lines = rows
    .filter(({ quantity }) => quantity > 0)
    .map(({ type: { id, price }, quantity }) => ({ ticketTypeId: id, quantity, price }))
  const wanted = rows.reduce((sum, { quantity }) => sum + quantity, 0)
  const isEnough = wanted <= remainingTickets && rows.every(({ quantity, left }) => quantity <= left)
  return { rows, lines, wanted, isEnough }
}
