'use client'

import { Printer } from 'lucide-react'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatDateTime, formatPrice, zoneName } from '@/lib/format'
import { useSession } from '@/lib/session/store'
import { QrCode } from './qr-code'

/** The ticket to show at the door. */
export function TicketDialog({ booking, onClose }: { booking: BookingWithEvent; onClose: () => void }) {
  const { event } = booking
  const name = useSession((s) => s.user?.name) ?? ''
  const facts = [
    ['Name', name],
    ['Price', formatPrice(event.price, event.currency)],
    ['Venue', event.venue],
    [
      'Booking',
      booking.id
        .slice(-12)
        .toUpperCase()
        .replace(/(.{4})(?=.)/g, '$1 '),
    ],
  ]
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={event.title}
      description={`${formatDateTime(event.date, event.timeZone)} ${zoneName(event.date, event.timeZone)}`}
    >
      <div className="mx-auto mt-5 max-w-60">
        <QrCode value={`urn:uuid:${booking.id}`} label={`QR code of your booking for ${event.title}`} />
      </div>
      <dl className="mt-5 grid grid-cols-2 gap-x-4 gap-y-3 border-t pt-4">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="type-label text-soft">{name}</dt>
            <dd className="font-semibold wrap-anywhere">
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Button variant="outline" size="wide" className="mt-5" onClick={() => print()}>
        <Printer aria-hidden />
        Print ticket
      </Button>
    </Dialog>
  )
}
