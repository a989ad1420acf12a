'use client'

import { cx } from 'class-variance-authority'
import { Ticket as TicketIcon } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useEffect, useState, type ReactNode } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { MoreButton } from '@/components/more-button'
import { DateStub } from '@/components/date-stub'
import { Alert } from '@/components/ui/alert'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import type { BookingWithEvent } from '@/lib/api/types'
import { useWatch } from '@/lib/live/live'
import { paths } from '@/lib/paths'
import { now as serverTime } from '@/lib/server-time'
import { refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { useBookings } from '../api/all-bookings'
import { useTickets } from '../api/list-bookings'
import { useKeeping, useKept } from '../kept'
import { strings } from '../wallet-strings'
import { byStart, hasBegun, isCancelled, isOver } from '../when'
import { BookingCard } from './booking-card'

const NextTicket = dynamic(() => import('./next-ticket').then((file) => file.NextTicket), {
  loading: () => <Skeleton className="h-130 w-full rounded-ticket" />,
})
// Fetched when the first of each is opened.
const CancelDialog = dynamic(() => import('./cancel-dialog').then((file) => file.CancelDialog))
const ReceiptDialog = dynamic(() => import('./receipt-dialog').then((file) => file.ReceiptDialog))
const TicketDialog = dynamic(() => import('./ticket-dialog').then((file) => file.TicketDialog))

const MINUTE = 60_000
/** A connection can follow 200 events. */
const MOST_WATCHED = 100

export function BookingList() {
  const fetched = useTickets()
  const all = useBookings()
  const kept = useKept()
  const isUnreachable = useSession((s) => s.unreachable)
  const [cancelling, setCancelling] = useState<BookingWithEvent>()
  const [shown, setShown] = useState<BookingWithEvent>()
  const [proven, setProven] = useState<BookingWithEvent>()
  const now = useNow(fetched.dataUpdatedAt + all.dataUpdatedAt)
  const bookings = all.data?.pages.flatMap((page) => page.data) ?? []
  const tickets = fetched.data ?? kept.tickets
  // Those of events that have begun are needed at the door too.
  const begun = bookings.filter((b) => hasBegun(b, now) && !tickets?.some(({ id }) => id === b.id))
  const current = [...(tickets ?? []), ...begun]
    .filter((b) => !isCancelled(b) && !isOver(b, now))
    .sort(byStart)
  useKeeping(fetched.data && all.data && current)
  useWatch(current.slice(0, MOST_WATCHED).map((b) => b.eventId))

  const failed = [fetched, all].find((query) => query.error)
  if (!tickets || (!all.data && current.length === 0 && !isUnreachable))
    return failed ? <LoadError title={strings.list.failed} query={failed} /> : <BookingListSkeleton />
  if (all.data && current.length + bookings.length === 0)
    return <Empty title={strings.list.none}>{strings.list.noneHint}</Empty>

  const past = bookings.filter((b) => !isCancelled(b) && isOver(b, now)).sort((a, b) => byStart(b, a))
  const open = { now, onShow: setShown, onReceipt: setProven, onCancel: setCancelling }
  const section = (title: string, bookings: BookingWithEvent[], next?: ReactNode) =>
    bookings.length > 0 && (
      <section aria-label={title} className={cx('grid gap-4', !next && 'print:hidden')}>
        <h2 className="type-label text-soft">
          {title} · {bookings.length}
        </h2>
        <ul className="grid gap-4">
          {next && <li>{next}</li>}
          {bookings.slice(next ? 1 : 0).map((booking) => (
            <li key={booking.id} className="print:hidden">
              <BookingCard booking={booking} {...open} />
            </li>
          ))}
        </ul>
      </section>
    )
  return (
    <div className="grid gap-10">
      {(isUnreachable || (failed && !fetched.data)) && (
        <Alert>
          <p>{strings.list.kept}</p>
          <Button variant="outline" className="mt-3" onClick={() => reconnect(failed)}>
            {strings.list.retry}
          </Button>
        </Alert>
      )}
      {current[0] ? (
        section(
          strings.list.upcoming,
          current,
          <NextTicket booking={current[0]} holder={kept.holder} {...open} />,
        )
      ) : (
        <Empty title={strings.list.noneUpcoming}>{strings.list.noneUpcomingHint}</Empty>
      )}
      {section(strings.list.past, past)}
      {section(strings.list.cancelled, bookings.filter(isCancelled))}
      <MoreButton list={all}>{strings.list.more}</MoreButton>
      {cancelling && <CancelDialog booking={cancelling} onClose={() => setCancelling(undefined)} />}
      {shown && (
        <TicketDialog
          booking={shown}
          holder={kept.holder}
          onClose={() => setShown(undefined)}
          onReceipt={(booking) => {
            setShown(undefined)
            setProven(booking)
          }}
        />
      )}
      {proven && <ReceiptDialog booking={proven} onClose={() => setProven(undefined)} />}
    </div>
  )
}

function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Message
      icon={TicketIcon}
      title={title}
      action={<ButtonLink href={paths.events}>{strings.list.browse}</ButtonLink>}
    >
      {children}
    </Message>
  )
}

function reconnect(failed?: { refetch: () => unknown }): void {
  if (failed) failed.refetch()
  else void refreshSession(undefined).catch(() => undefined)
}

/** The time, a minute late at most. `answers` changes with each answer: it can correct this device's clock. */
function useNow(answers: number): number {
  const [seen, setSeen] = useState(() => ({ at: serverTime(), answers }))
  if (seen.answers !== answers) setSeen({ at: serverTime(), answers })
  useEffect(() => {
    const timer = setInterval(() => setSeen({ at: serverTime(), answers }), MINUTE)
    return () => clearInterval(timer)
  }, [answers])
  return seen.at
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
      <Loading>{strings.list.loading}</Loading>
    </div>
  )
}
