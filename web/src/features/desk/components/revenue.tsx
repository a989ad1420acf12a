import type { DeskEvent, Turnover } from '@/lib/api/types'
import { formatMoney, formatNumber } from '@/lib/format'
import { revenue as text } from '../strings'

/** The amounts of each currency. */
function sums(rows: readonly Turnover[]): [currency: string, amount: number][] {
  const byCurrency = new Map<string, number>()
  for (const { currency, amount } of rows)
    if (currency) byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + (amount ?? 0))
  return [...byCurrency]
}

export const amounts = (rows: readonly Turnover[]): string =>
  sums(rows)
    .map(([currency, amount]) => formatMoney(amount, currency))
    .join(' + ')

/** What was sold, by ticket type and currency. */
export function Revenue({ event }: { event: DeskEvent }) {
  const rows = event.revenue ?? []
  const nameOf = (id: number) => event.ticketTypes.find((type) => type.id === id)?.name ?? text.type(id)
  if (rows.length === 0) return <p className="text-soft">{text.none}</p>
  return (
    <div className="grid gap-3">
      <table className="w-full text-left">
        <caption className="sr-only">{text.title}</caption>
        <thead>
          <tr className="type-label text-soft">
            <th scope="col" className="py-1.5 pr-3 font-semibold">
              {text.head.type}
            </th>
            <th scope="col" className="py-1.5 pr-3 text-right font-semibold">
              {text.head.tickets}
            </th>
            <th scope="col" className="py-1.5 text-right font-semibold">
              {text.head.amount}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ ticketTypeId, tickets, currency, amount }) => (
            <tr key={`${ticketTypeId} ${currency}`} className="border-t align-baseline">
              <th scope="row" className="py-1.5 pr-3 font-medium">
                <bdi>{nameOf(ticketTypeId)}</bdi>
              </th>
              <td className="py-1.5 pr-3 text-right">{formatNumber(tickets)}</td>
              <td className="py-1.5 text-right">
                {currency ? formatMoney(amount ?? 0, currency) : text.unknown}
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="border-t align-baseline font-semibold">
            <th scope="row" className="py-1.5 pr-3">
              {text.total}
            </th>
            <td className="py-1.5 pr-3 text-right">
              {formatNumber(rows.reduce((sum, { tickets }) => sum + tickets, 0))}
            </td>
            <td className="py-1.5 text-right">{amounts(rows)}</td>
          </tr>
        </tfoot>
      </table>
      <p className="text-sm text-soft">{text.hint}</p>
    </div>
  )
}
