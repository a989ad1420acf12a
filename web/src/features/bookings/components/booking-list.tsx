'use client'

import { Ticket } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { DateStub } from '@/components/date-stub'
import { Skeleton } from '@/components/ui/skeleton'
import { buttonVariants } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useBookings } from '../api/list-bookings'
import { BookingCard } from './booking-card'
import { CancelDialog } from './cancel-dialog'
import { ReceiptDialog } from './receipt-dialog'
import { TicketDialog } from './ticket-dialog'

interface Groups {
  upcoming: BookingWithEvent[]
  past: BookingWithEvent[]
  cancelled: BookingWithEvent[]
}

/**
 * Upcoming bookings by the date of the event, soonest first; past and cancelled ones, latest first.
 */
function groupBookings(bookings: readonly BookingWithEvent[], now: number): Groups {
  const groups: Groups = { upcoming: [], past: [], cancelled: [] }
  for (const booking of bookings) {
    if (booking.status === 'CANCELLED') groups.cancelled.push(booking)
    else groups[Date.parse(booking.event.date) <= now ? 'past' : 'upcoming'].push(booking)
  }
  const when = (b: BookingWithEvent) => Date.parse(b.event.date)
  groups.upcoming.sort((a, b) => when(a) - when(b))
  groups.past.sort((a, b) => when(b) - when(a))
  return groups
}

export function BookingList() {
  const query = useBookings()
  const { data } = query
  const [cancelling, setCancelling] = useState<BookingWithEvent>()
  const [shown, setShown] = useState<BookingWithEvent>()
  const [proven, setProven] = useState<BookingWithEvent>()
  const [now] = useState(() => Date.now())

  if (!data)
    return query.error ? (
      <LoadError title="Your bookings can’t be shown" query={query} />
    ) : (
      <BookingListSkeleton />
    )
  if (data.length === 0)
    return (
      <Message
        icon={Ticket}
        title="You haven’t booked any events yet"
        action={
          <Link className={buttonVariants()} href={paths.events}>
            Browse events
          </Link>
        }
      >
        Tickets that you book are kept here.
      </Message>
    )

  const groups = groupBookings(data, now)
  const section = (title: string, bookings: BookingWithEvent[]) =>
    bookings.length > 0 && (
      <section aria-label={title} className="grid gap-4">
        <h2 className="type-label text-soft">
          {title} · {bookings.length}
        </h2>
        <ul className="grid gap-4">
          {bookings.map((booking) => (
            <li key={booking.id}>
              <BookingCard
                booking={booking}
                isOver={Date.parse(booking.event.date) <= now}
                onShow={setShown}
                onReceipt={setProven}
                onCancel={setCancelling}
              />
            </li>
          ))}
        </ul>
      </section>
    )
  return (
    <div className="grid gap-10">
      {section('Upcoming', groups.upcoming)}
      {groups.upcoming.length === 0 && (
        <Message
          icon={Ticket}
          title="Nothing coming up"
          action={
            <Link className={buttonVariants()} href={paths.events}>
              Browse events
            </Link>
          }
        >
          All your bookings are past or cancelled.
        </Message>
      )}
      {section('Past', groups.past)}
      {section('Cancelled', groups.cancelled)}
      {cancelling && <CancelDialog booking={cancelling} onClose={() => setCancelling(undefined)} />}
      {shown && <TicketDialog booking={shown} onClose={() => setShown(undefined)} />}
      {proven && <ReceiptDialog booking={proven} onClose={() => setProven(undefined)} />}
    </div>
  )
}

function BookingListSkeleton() {
  return (
    <div className="grid gap-4">
      {[1, 2].map((i) => (
        <div key={i} aria-hidden className="ticket flex">
          <DateStub />
          <div className="grid grow gap-4 p-4 pl-5 sm:p-5 sm:pl-7">
            <Skeleton className="h-6 w-1/2" />
            <Skeleton className="h-4 w-2/3" />
            <Skeleton className="h-4 w-1/3" />
            <Skeleton className="h-4 w-1/2" />
            <Skeleton className="h-11 w-full rounded-md sm:w-96" />
          </div>
          <span className="ticket-edge" />
        </div>
      ))}
      <p role="status" className="sr-only">
        Loading bookings
      </p>
    </div>
  )
}
