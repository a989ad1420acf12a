import { useEffect, useState } from 'react'
import type { Event, TicketLine, TicketType } from '@/lib/api/types'
import { now } from '@/lib/server-time'

type SalePhase = 'draft' | 'cancelled' | 'begun' | 'not_open' | 'closed' | 'open'
type Sale = Pick<Event, 'status' | 'date' | 'saleOpensAt' | 'saleClosesAt'>

const isBy = (date: string | null | undefined, at: number) => !!date && Date.parse(date) <= at

/** Whether tickets are sold at a time, in milliseconds since 1970, or why not. */
export function salePhase(event: Sale, at = now()): SalePhase {
  if (event.status === 'DRAFT') return 'draft'
  if (event.status === 'CANCELLED') return 'cancelled'
  if (isBy(event.date, at)) return 'begun'
  if (event.saleOpensAt && !isBy(event.saleOpensAt, at)) return 'not_open'
  return isBy(event.saleClosesAt, at) ? 'closed' : 'open'
}

const LONGEST_TIMER = 2 ** 31 - 1

/** The phase of the sale by the server's clock, as it changes. `hasBegun`: the event itself. */
export function useSale(event: Sale): { phase: SalePhase; hasBegun: boolean } {
  const { date, saleOpensAt, saleClosesAt } = event
  const [at, setAt] = useState(now)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const check = () => {
      const at = now()
      setAt(at)
      const left = [date, saleOpensAt, saleClosesAt]
        .map((time) => Date.parse(time ?? '') - at)
        .filter((left) => left > 0)
      const next = Math.min(...left)
      if (next <= LONGEST_TIMER) timer = setTimeout(check, next + 50)
    }
    check()
    return () => clearTimeout(timer)
  }, [date, saleOpensAt, saleClosesAt])
  return { phase: salePhase(event, at), hasBegun: isBy(date, at) }
}

/** Whether there is nothing to choose: one ticket type, and one ticket for each customer. */
export const isSimple = ({ ticketTypes, maxPerCustomer }: Event): boolean =>
  ticketTypes.length <= 1 && maxPerCustomer <= 1

/** What the cheapest ticket costs, and whether others cost more. */
export function lowestPrice({ price, ticketTypes }: Event): { lowest: number; isVaried: boolean } {
  const prices = ticketTypes.map((type) => type.price)
  const lowest = Math.min(price, ...prices)
  return { lowest, isVaried: prices.some((price) => price !== lowest) }
}

/** The tickets of a type that can be had: the types share those of the event. */
export const leftOf = (event: Event, type: TicketType): number =>
  Math.max(0, Math.min(type.remaining, event.remainingTickets))

export const quantityOf = (lines: readonly TicketLine[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0)

/** The sum of the prices; undefined where one is not known. */
export const totalOf = (lines: readonly (TicketLine & { price?: number })[]): number | undefined =>
  lines.reduce<number | undefined>(
    (sum, { price, quantity }) =>
      sum === undefined || price === undefined ? undefined : sum + price * quantity,
    0,
  )
