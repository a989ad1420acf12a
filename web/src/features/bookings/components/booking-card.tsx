'use client'

import { CalendarPlus, CircleCheck, MapPin, QrCode, ReceiptText, XCircle } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import { formatDateTime, sameClock, viewerZone, zoneName } from '@/lib/format'
import { paths } from '@/lib/paths'
import { saveFile } from '@/lib/save-file'
import { calendarFile } from '../calendar'

export function BookingCard({
  booking,
  stub,
  isOver,
  onCancel,
  onReceipt,
  onShow,
}: {
  booking: BookingWithEvent
  stub: ReactNode
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
      {stub}
      <div className="flex min-w-0 grow flex-col gap-4 p-4 pl-5 sm:p-5 sm:pl-7">
        <div className="flex flex-col items-start justify-between gap-x-4 gap-y-2 sm:flex-row">
          <div className="grid min-w-0 gap-1.5">
            <h3 id={name} className="type-display text-[1.375rem] sm:text-2xl">
              <Link
                href={paths.event(event.id)}
                prefetch={false}
                className="rounded-sm hover:underline hover:decoration-2 hover:underline-offset-4"
              >
                {event.title}
              </Link>
            </h3>
            <p className="text-sm text-soft sm:text-base">
              <time dateTime={event.date}>{formatDateTime(event.date, event.timeZone)}</time>
              {!sameClock(event.date, event.timeZone, viewerZone()) && (
                <> {zoneName(event.date, event.timeZone)}</>
              )}
            </p>
            <p className="flex items-center gap-1.5 text-sm text-soft sm:text-base">
              <MapPin aria-hidden className="size-4 shrink-0" />
              <span className="truncate">{event.venue}</span>
            </p>
          </div>
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
        <div className="flex flex-col gap-2.5 sm:flex-row sm:flex-wrap">
          {isUsable && (
            <>
              <Button variant="primary" onClick={() => onShow(booking)}>
                <QrCode aria-hidden />
                Show ticket <span className="sr-only">for {event.title}</span>
              </Button>
              <Button
                variant="outline"
                onClick={() =>
                  saveFile(
                    `${event.title.replace(/[^\p{L}\p{N}]+/gu, '-')}.ics`,
                    new Blob([calendarFile(booking)], { type: 'text/calendar;charset=utf-8' }),
                  )
                }
              >
                <CalendarPlus aria-hidden />
                Add to calendar
                <span className="sr-only">: {event.title}</span>
              </Button>
            </>
          )}
          <Button variant="outline" onClick={() => onReceipt(booking)}>
            <ReceiptText aria-hidden />
            Receipt <span className="sr-only">for {event.title}</span>
          </Button>
          {isUsable && (
            <Button variant="quietDanger" className="sm:ml-auto" onClick={() => onCancel(booking)}>
              Cancel Booking <span className="sr-only">for {event.title}</span>
            </Button>
          )}
        </div>
      </div>
      <span aria-hidden className="ticket-edge" />
    </article>
  )
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
