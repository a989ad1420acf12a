'use client'

import { CircleCheck, QrCode, ReceiptText, XCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import { describeLines } from '@/components/ticket-lines'
import { DateStub } from '@/components/date-stub'
import { TicketHeading } from '@/components/ticket-heading'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatDateTime } from '@/lib/format'
import { quantityOf } from '@/lib/sale'
import { viewerZone } from '@/lib/time-zone'
import { strings } from '../wallet-strings'
import { hasBegun, isCancelled, isOver } from '../when'

export function BookingCard({
  booking,
  now,
  onCancel,
  onReceipt,
  onShow,
}: {
  booking: BookingWithEvent
  now: number
  onCancel: (booking: BookingWithEvent) => void
  onReceipt: (booking: BookingWithEvent) => void
  onShow: (booking: BookingWithEvent) => void
}) {
  const { event } = booking
  const isUsable = !isCancelled(booking) && !isOver(booking, now)
  const name = `booking-${booking.id}`
  const label = (text: string): ReactNode => (
    <>
      {text} <span className="sr-only">{strings.ticket.of(<bdi>{event.title}</bdi>)}</span>
    </>
  )
  return (
    <article aria-labelledby={name} data-slot="booking-card" className="ticket flex max-sm:[--tear:3.75rem]!">
      <DateStub event={event} isVoid={isCancelled(booking)} />
      <div className="flex min-w-0 grow flex-col gap-3 p-4 sm:pl-7">
        <TicketHeading as="h3" id={name} event={event} />
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <BookingBadge booking={booking} now={now} />
          <BookedOn booking={booking} />
        </p>
        {booking.cancelReason && (
          <p className="wrap-anywhere">{strings.status.reason(<bdi>{booking.cancelReason}</bdi>)}</p>
        )}
        {(quantityOf(booking.lines) > 1 || event.ticketTypes.length > 1) && (
          <p className="text-sm font-semibold">{describeLines(booking.lines, event)}</p>
        )}
        <div className="flex flex-wrap gap-2 max-sm:*:px-3">
          {isUsable ? (
            <Button className="max-sm:grow" onClick={() => onShow(booking)}>
              <QrCode aria-hidden className="max-sm:hidden" />
              {label(strings.ticket.show)}
            </Button>
          ) : (
            <Button variant="outline" onClick={() => onReceipt(booking)}>
              <ReceiptText aria-hidden />
              {label(strings.ticket.receipt)}
            </Button>
          )}
          {isUsable && !hasBegun(booking, now) && (
            <Button variant="quietDanger" className="max-sm:grow" onClick={() => onCancel(booking)}>
              {label(strings.ticket.cancel)}
            </Button>
          )}
        </div>
      </div>
      <span aria-hidden className="ticket-edge" />
    </article>
  )
}

/** When it was booked, and cancelled. */
export function BookedOn({ booking: { createdAt, cancelledAt } }: { booking: BookingWithEvent }) {
  const time = (at: string) => <time dateTime={at}>{formatDateTime(at, viewerZone())}</time>
  return (
    <span className="text-sm text-soft">
      {strings.status.booked} {time(createdAt)}
      {cancelledAt && (
        <>
          , {strings.status.cancelledOn} {time(cancelledAt)}
        </>
      )}
    </span>
  )
}

export function BookingBadge({ booking, now }: { booking: BookingWithEvent; now: number }) {
  const { status } = strings
  if (isCancelled(booking))
    return (
      <Badge tone={booking.status === 'CANCELLED' ? 'off' : 'bad'}>
        <XCircle aria-hidden />
        {booking.status === 'CANCELLED' ? status.cancelled : status.eventCancelled}
      </Badge>
    )
  const past = isOver(booking, now)
  return (
    <Badge tone={past ? 'off' : 'good'}>
      <CircleCheck aria-hidden />
      {past ? status.past : hasBegun(booking, now) ? status.started : status.confirmed}
    </Badge>
  )
}
