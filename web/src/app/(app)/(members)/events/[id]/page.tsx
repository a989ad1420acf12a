'use client'

import { TicketX } from 'lucide-react'
import dynamic from 'next/dynamic'
import { BackLink } from '@/components/back-link'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageTitle } from '@/components/page-title'
import { ButtonLink } from '@/components/ui/button-link'
import { BookButton } from '@/features/bookings/components/book-button'
import { useEvent } from '@/lib/get-event'
import { EventDetails } from '@/features/events/components/event-details'
import { EventDetailsSkeleton } from '@/features/events/components/event-details-skeleton'
import { LiveStatus } from '@/features/events/components/live-status'
import { TicketPanel } from '@/features/events/components/ticket-panel'
import { details as text } from '@/features/events/details-strings'
import { EventSale } from '@/features/holds/components/event-sale'
import { useTicketsOf } from '@/features/bookings/api/list-bookings'
import { isMissing } from '@/lib/api/error'
import type { Event } from '@/lib/api/types'
import { usePathId } from '@/lib/address'
import { useSale } from '@/lib/sale'
import { useWatch } from '@/lib/live/live'
import { paths } from '@/lib/paths'
import { useSession } from '@/lib/session/store'

// Most visitors are no organizers.
const EventTools = dynamic(() =>
  import('@/features/events/components/event-tools').then((file) => file.EventTools),
)

export default function EventPage() {
  const id = usePathId()
  return id ? <LoadedEvent key={id} id={id} /> : <EventDetailsSkeleton />
}

function LoadedEvent({ id }: { id: string }) {
  const query = useEvent(id)
  const { data: event, error, dataUpdatedAt, isRefetchError } = query
  const isOrganizer = useSession((s) => s.user?.role === 'organizer' || s.user?.role === 'admin')
  useWatch([id])
  return (
    <div className="grid gap-5">
      <PageTitle>{event?.title ?? text.page}</PageTitle>
      <BackLink href={paths.events}>{text.all}</BackLink>
      {event ? (
        <EventDetails
          event={event}
          panel={
            <TicketPanel
              event={event}
              action={<Sale event={event} />}
              status={<LiveStatus asOf={dataUpdatedAt} failing={isRefetchError} />}
              tools={isOrganizer && <EventTools event={event} />}
            />
          }
        />
      ) : isMissing(error) ? (
        <Message
          isPage
          icon={TicketX}
          title={text.missingTitle}
          action={<ButtonLink href={paths.events}>{text.browse}</ButtonLink>}
        >
          {text.missing}
        </Message>
      ) : error ? (
        <LoadError isPage title={text.failed} query={query} />
      ) : (
        <EventDetailsSkeleton />
      )}
    </div>
  )
}

function Sale({ event }: { event: Event }) {
  const { hasBegun } = useSale(event)
  const booked = useTicketsOf(event.id, hasBegun)
  return <EventSale event={event} booked={booked.data} button={<BookButton event={event} />} />
}
