'use client'

import { Dialog } from '@/components/ui/dialog'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatDateTime, formatWeekday, zoneName } from '@/lib/format'
import type { Holder } from '../kept'
import { Ticket, TicketActions } from './ticket'

/** A ticket other than the next one, to show at the door. */
export function TicketDialog({
  booking,
  holder,
  onReceipt,
  onClose,
}: {
  booking: BookingWithEvent
  holder?: Holder
  onReceipt: (booking: BookingWithEvent) => void
  onClose: () => void
}) {
  const { title, date, timeZone, venue } = booking.event
  return (
    <Dialog
      onClose={onClose}
      title={title}
      description={`${formatWeekday(date, timeZone)}, ${formatDateTime(date, timeZone)} ${zoneName(date, timeZone)} · ${venue}`}
    >
      <div className="mt-5 sm:*:grid-cols-1">
        <Ticket booking={booking} holder={holder} />
      </div>
      <div className="mt-5 flex flex-wrap gap-2.5 *:grow">
        <TicketActions booking={booking} onReceipt={onReceipt} />
      </div>
    </Dialog>
  )
}
