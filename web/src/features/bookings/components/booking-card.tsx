'use client'

import { CalendarPlus, CircleCheck, QrCode, ReceiptText, XCircle } from 'lucide-react'
import { DateStub } from '@/components/date-stub'
import { TicketHeading } from '@/components/ticket-heading'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatDateTime } from '@/lib/format'
import { saveFile } from '@/lib/save-file'
import { viewerZone } from '@/lib/time-zone'

export function BookingCard({
  booking,
  isOver,
  onCancel,
  onReceipt,
  onShow,
}: {
  booking: BookingWithEvent
  isOver: boolean
  onCancel: (booking: BookingWithEvent) => void
  onReceipt: (booking: BookingWithEvent) => void
  onShow: (booking: BookingWithEvent) => void
}) {
  const { event } = booking
  const isConfirmed = booking.status === 'CONFIRMED'
  const isUsable = isConfirmed && !isOver && event.status !== 'CANCELLED'
  const name = `booking-${booking.id}`
  return (
    <article aria-labelledby={name} data-slot="booking-card" className="ticket flex">
      <DateStub event={event} />
      <div className="flex min-w-0 grow flex-col gap-4 p-4 pl-5 sm:p-5 sm:pl-7">
        <div className="flex flex-col items-start justify-between gap-x-4 gap-y-2 sm:flex-row">
          <TicketHeading as="h3" isLarge id={name} event={event} />
          <BookingStatus booking={booking} isOver={isOver} />
        </div>
        <p className="text-sm text-soft">
          Booked on{' '}
          <time dateTime={booking.createdAt}>{formatDateTime(booking.createdAt, viewerZone())}</time>
          {booking.cancelledAt && (
            <>
              , cancelled on{' '}
              <time dateTime={booking.cancelledAt}>{formatDateTime(booking.cancelledAt, viewerZone())}</time>
            </>
          )}
        </p>
        <div className="flex flex-wrap gap-2.5 max-sm:*:grow max-sm:*:px-3">
          {isUsable && (
            <>
              <Button variant="primary" className="max-sm:basis-full" onClick={() => onShow(booking)}>
                <QrCode aria-hidden />
                Show ticket{' '}
                <span className="sr-only">
                  for <bdi>{event.title}</bdi>
                </span>
              </Button>
              <Button variant="outline" onClick={() => void saveCalendar(booking)}>
                <CalendarPlus aria-hidden />
                <span>
                  <span className="max-sm:sr-only">Add to </span>
                  <span className="inline-block max-sm:first-letter:uppercase">calendar</span>
                </span>
                <span className="sr-only">
                  : <bdi>{event.title}</bdi>
                </span>
              </Button>
            </>
          )}
          <Button variant="outline" onClick={() => onReceipt(booking)}>
            <ReceiptText aria-hidden />
            Receipt{' '}
            <span className="sr-only">
              for <bdi>{event.title}</bdi>
            </span>
          </Button>
          {isUsable && (
            <Button
              variant="quietDanger"
              className="max-sm:basis-full sm:ml-auto"
              onClick={() => onCancel(booking)}
            >
              Cancel Booking{' '}
              <span className="sr-only">
                for <bdi>{event.title}</bdi>
              </span>
            </Button>
          )}
        </div>
      </div>
      <span aria-hidden className="ticket-edge" />
    </article>
  )
}

async function saveCalendar(booking: BookingWithEvent) {
  const { calendarFile } = await import('../calendar')
  saveFile(calendarFile(booking))
}

function BookingStatus({ booking, isOver }: { booking: BookingWithEvent; isOver: boolean }) {
  if (booking.status === 'CANCELLED')
    return (
      <Badge tone="off">
        <XCircle aria-hidden />
        Cancelled
      </Badge>
    )
  if (booking.event.status === 'CANCELLED')
    return (
      <Badge tone="bad">
        <XCircle aria-hidden />
        Event cancelled
      </Badge>
    )
  return (
    <Badge tone={isOver ? 'off' : 'good'}>
      <CircleCheck aria-hidden />
      {isOver ? 'Attended or missed' : 'Confirmed'}
    </Badge>
  )
}
