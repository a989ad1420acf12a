import type { Event, TicketLine } from '@/lib/api/types'
import { formatPrice } from '@/lib/format'
import { totalOf } from '@/lib/sale'
import { strings } from '@/lib/strings'

type Priced = TicketLine & { price?: number }

/** The name of a ticket type; one that is gone from the event has none. */
const nameOf = (event: Pick<Event, 'ticketTypes'> | undefined, id: number): string =>
  event?.ticketTypes.find((type) => type.id === id)?.name ?? strings.ticket

/** "2 × Seated, 1 × Standing" */
export const describeLines = (lines: readonly TicketLine[], event?: Pick<Event, 'ticketTypes'>): string =>
  lines.map(({ ticketTypeId, quantity }) => `${quantity} × ${nameOf(event, ticketTypeId)}`).join(', ')

/** Tickets by type with their prices, as far as they are known, and the total. */
export function TicketLines({
  lines,
  currency,
  event,
}: {
  lines: readonly Priced[]
  currency?: string
  event?: Pick<Event, 'ticketTypes'>
}) {
  const total = totalOf(lines)
  const isPriced = currency && total !== undefined
  return (
    <table data-slot="ticket-lines" className="w-full text-left">
      <caption className="sr-only">{strings.tickets}</caption>
      <tbody>
        {lines.map(({ ticketTypeId, quantity, price = 0 }) => (
          <tr key={ticketTypeId} className="align-baseline">
            <th scope="row" className="py-0.5 pr-3 font-medium">
              {quantity} × <bdi>{nameOf(event, ticketTypeId)}</bdi>
            </th>
            <td className="text-right whitespace-nowrap">
              {isPriced && formatPrice(price * quantity, currency)}
            </td>
          </tr>
        ))}
      </tbody>
      {isPriced && (
        <tfoot>
          <tr className="border-t">
            <th scope="row" className="pt-1.5 pr-3 font-semibold">
              {strings.total}
            </th>
            <td className="pt-1.5 text-right font-semibold whitespace-nowrap">
              {formatPrice(total, currency)}
            </td>
          </tr>
        </tfoot>
      )}
    </table>
  )
}
