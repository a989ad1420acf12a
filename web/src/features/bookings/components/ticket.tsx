'use client'

import { CalendarPlus, Printer, ReceiptText } from 'lucide-react'
import { describeLines } from '@/components/ticket-lines'
import { Button } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatPrice } from '@/lib/format'
import { totalOf } from '@/lib/sale'
import { saveFile } from '@/lib/save-file'
import type { Holder } from '../kept'
import { strings } from '../wallet-strings'
import { ticketNumber } from '../ticket-number'
import { QrCode } from './qr-code'

/** What is shown at the door: the code of each ticket, large, and whose they are. */
export function Ticket({ booking, holder }: { booking: BookingWithEvent; holder?: Holder }) {
  const { lines, currency, event } = booking
  const paid = totalOf(lines)
  const facts = [
    [strings.ticket.holder, holder?.name],
    [strings.ticket.email, holder?.email],
    [strings.ticket.tickets, describeLines(lines, event)],
    [strings.ticket.paid, currency && paid !== undefined && formatPrice(paid, currency)],
    [strings.ticket.number, ticketNumber(booking.id)],
  ].filter((fact): fact is [string, string] => !!fact[1])
  return (
    <div className="grid gap-x-8 gap-y-4 sm:grid-cols-[15rem_1fr] sm:items-center">
      <div className="mx-auto grid w-full max-w-72 gap-2">
        {codesOf(booking).map((code, i, all) => (
          <figure key={code} className="grid gap-1 break-inside-avoid">
            <QrCode value={code} label={strings.ticket.qr(booking.event.title, i + 1, all.length)} />
            {all.length > 1 && (
              <figcaption className="text-center text-sm text-soft">
                {strings.ticket.nth(i + 1, all.length)}
              </figcaption>
            )}
          </figure>
        ))}
        <p className="hidden text-center text-sm text-soft not-print:pointer-coarse:block">
          {strings.ticket.brightness}
        </p>
      </div>
      <dl className="grid gap-3">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="type-label text-soft">{name}</dt>
            <dd className="font-semibold wrap-anywhere">
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

/** One for each ticket. Where the server has no key to sign them with, the door has to ask by the id. */
function codesOf({ id, tickets }: BookingWithEvent): string[] {
  return tickets?.map((ticket) => ticket.code) ?? [`urn:uuid:${id}`]
}

/** What can be done with a ticket, besides showing it. */
export function TicketActions({
  booking,
  onReceipt,
}: {
  booking: BookingWithEvent
  onReceipt: (booking: BookingWithEvent) => void
}) {
  return (
    <>
      <Button variant="outline" onClick={() => void saveCalendar(booking)}>
        <CalendarPlus aria-hidden />
        {strings.ticket.calendar}
      </Button>
      <Button variant="outline" onClick={() => print()}>
        <Printer aria-hidden />
        {strings.ticket.print}
      </Button>
      <Button variant="outline" onClick={() => onReceipt(booking)}>
        <ReceiptText aria-hidden />
        {strings.ticket.receipt}
      </Button>
    </>
  )
}

async function saveCalendar(booking: BookingWithEvent) {
  const { bookingFile } = await import('../calendar')
  saveFile(bookingFile(booking))
}
