'use client'

import { TicketHeading } from '@/components/ticket-heading'
import { Button } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import type { Holder } from '../kept'
import { hasBegun } from '../when'
import { strings } from '../wallet-strings'
import { BookedOn, BookingBadge } from './booking-card'
import { Ticket, TicketActions } from './ticket'

/** The ticket that is needed next, ready to be scanned. */
export function NextTicket({
  booking,
  holder,
  now,
  onCancel,
  onReceipt,
}: {
  booking: BookingWithEvent
  holder?: Holder
  now: number
  onCancel: (booking: BookingWithEvent) => void
  onReceipt: (booking: BookingWithEvent) => void
}) {
  const name = `booking-${booking.id}`
  return (
    <article
      aria-labelledby={name}
      data-slot="booking-card"
      className="grid gap-5 rounded-ticket border bg-card p-4 shadow-card sm:p-7"
    >
      <TicketHeading as="h3" isLarge id={name} event={booking.event} />
      <Ticket booking={booking} holder={holder} />
      <p className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <BookingBadge booking={booking} now={now} />
        <BookedOn booking={booking} />
      </p>
      <div className="flex flex-wrap gap-2.5 max-sm:*:grow max-sm:*:px-3 print:hidden">
        <TicketActions booking={booking} onReceipt={onReceipt} />
        {!hasBegun(booking, now) && (
          <Button variant="quietDanger" className="sm:ml-auto" onClick={() => onCancel(booking)}>
            {strings.ticket.cancel}
          </Button>
        )}
      </div>
    </article>
  )
}
