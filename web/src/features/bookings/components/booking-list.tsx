'use client'

import { Ticket } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { DateStub } from '@/components/date-stub'
import { Skeleton } from '@/components/ui/skeleton'
import { Button, buttonVariants } from '@/components/ui/button'
import type { BookingWithEvent } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useBookings } from '../api/all-bookings'
import { useTickets } from '../api/list-bookings'
import { BookingCard } from './booking-card'

// Fetched when the first of each is opened.
const CancelDialog = dynamic(() => import('./cancel-dialog').then((file) => file.CancelDialog))
const ReceiptDialog = dynamic(() => import('./receipt-dialog').then((file) => file.ReceiptDialog))
const TicketDialog = dynamic(() => import('./ticket-dialog').then((file) => file.TicketDialog))

const startOf = ({ event }: BookingWithEvent) => Date.parse(event.date)
const isCancelled = ({ status, event }: BookingWithEvent) =>
  status === 'CANCELLED' || event.status === 'CANCELLED'

export function BookingList() {
  const tickets = useTickets()
  const all = useBookings()
  const [cancelling, setCancelling] = useState<BookingWithEvent>()
  const [shown, setShown] = useState<BookingWithEvent>()
  const [proven, setProven] = useState<BookingWithEvent>()
  const [now] = useState(() => Date.now())

  if (!tickets.data || !all.data) {
    const failed = [tickets, all].find((query) => query.error)
    return failed ? (
      <LoadError title="Your bookings can’t be shown" query={failed} />
    ) : (
      <BookingListSkeleton />
    )
  }
  const bookings = all.data.pages.flatMap((page) => page.data)
  if (tickets.data.length + bookings.length === 0)
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

  // Upcoming ones by the date of the event, soonest first; past and cancelled ones, latest first.
  const upcoming = tickets.data.filter((b) => !isCancelled(b)).sort((a, b) => startOf(a) - startOf(b))
  const past = bookings.filter((b) => !isCancelled(b) && startOf(b) <= now)
  past.sort((a, b) => startOf(b) - startOf(a))
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
      {section('Upcoming', upcoming)}
      {upcoming.length === 0 && (
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
      {section('Past', past)}
      {section('Cancelled', bookings.filter(isCancelled))}
      {all.hasNextPage && (
        <Button
          variant="outline"
          className="justify-self-center"
          disabled={all.isFetchingNextPage}
          onClick={() => void all.fetchNextPage()}
        >
          Show more bookings
        </Button>
      )}
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
