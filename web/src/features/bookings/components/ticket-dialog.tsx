'use client'

import { Dialog } from '@/components/ui/dialog'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatDateTime, zoneName } from '@/lib/format'
import { QrCode } from './qr-code'

/** The ticket to show at the door. */
export function TicketDialog({ booking, onClose }: { booking: BookingWithEvent; onClose: () => void }) {
  const { event } = booking
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={event.title}
      description={`${formatDateTime(event.date, event.timeZone)} ${zoneName(event.date, event.timeZone)} · ${event.venue}`}
    >
      <div className="mx-auto mt-5 max-w-60">
        <QrCode value={`urn:uuid:${booking.id}`} label={`QR code of your booking for ${event.title}`} />
      </div>
      <p className="mt-4 text-center text-sm text-soft">
        Booking <span className="font-mono text-[0.8125rem] break-all text-ink select-all">{booking.id}</span>
      </p>
    </Dialog>
  )
}
