'use client'

import { CalendarPlus, SearchX } from 'lucide-react'
import Link from 'next/link'
import { Suspense, useEffect } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { Pagination } from '@/components/pagination'
import { Button, buttonVariants } from '@/components/ui/button'
import { BookButton } from '@/features/bookings/components/book-button'
import { useEventList } from '@/features/events/api/list-events'
import { EventGrid, EventGridSkeleton } from '@/features/events/components/event-grid'
import { EventToolbar } from '@/features/events/components/event-toolbar'
import { LiveStatus } from '@/features/events/components/live-status'
import { useEventQuery } from '@/features/events/event-query'
import type { Event } from '@/lib/api/types'
import { plural } from '@/lib/format'
import { useWatch } from '@/lib/live/live'
import { paths } from '@/lib/paths'
import { useSession } from '@/lib/session/store'

const bookButton = (event: Event) => <BookButton event={event} />

export default function EventsPage() {
  const isOrganizer = useSession((s) => s.user?.role === 'organizer')
  return (
    <div className="grid grid-cols-1 gap-6">
      <PageTitle>Events</PageTitle>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <PageHeading className="text-4xl sm:text-5xl">Events</PageHeading>
        {isOrganizer && (
          <Link className={buttonVariants({ variant: 'outline' })} href={paths.newEvent}>
            <CalendarPlus aria-hidden />
            Schedule an event
          </Link>
        )}
      </div>
      {/* The query of the URL is not known when the page is exported. */}
      <Suspense fallback={<EventGridSkeleton />}>
        <EventList />
      </Suspense>
    </div>
  )
}

function EventList() {
  const { query, settled, change, href } = useEventQuery()
  const list = useEventList(settled)
  const { data, error, isPlaceholderData, dataUpdatedAt, isRefetchError } = list
  useWatch(data?.data.map((event) => event.id) ?? [])

  const pages = data?.meta.totalPages ?? 0
  const isBeyond = pages > 0 && (data?.meta.page ?? 0) > pages
  useEffect(() => {
    if (isBeyond && !isPlaceholderData) void change({ page: pages })
  }, [isBeyond, isPlaceholderData, pages, change])

  return (
    <>
      <LiveStatus asOf={dataUpdatedAt} failing={isRefetchError} isLoading={!data} />
      <EventToolbar query={query} onChange={(part) => void change(part)} />
      <Found total={isPlaceholderData ? undefined : data?.meta.total} search={settled.search} />
      {data && !isBeyond ? (
        data.data.length > 0 ? (
          <div
            className="grid grid-cols-1 gap-8 transition-opacity"
            style={{ opacity: isPlaceholderData ? 0.6 : 1 }}
            aria-busy={isPlaceholderData}
          >
            <EventGrid events={data.data} action={bookButton} />
            <Pagination page={data.meta.page} pages={data.meta.totalPages} href={(page) => href({ page })} />
          </div>
        ) : (
          <Message
            icon={SearchX}
            title="No events found"
            action={
              settled.search ? (
                <Button variant="outline" onClick={() => void change({ search: '', page: 1 })}>
                  Show all events
                </Button>
              ) : undefined
            }
          >
            {settled.search ? (
              <>
                Nothing is called anything like “<span>{settled.search}</span>”.
              </>
            ) : (
              'Nothing is on sale at the moment. Come back soon.'
            )}
          </Message>
        )
      ) : error ? (
        <LoadError title="Events can’t be shown" query={list} />
      ) : (
        <EventGridSkeleton />
      )}
    </>
  )
}

/** Announces the result of a search when it arrives, not while the user types. */
function Found({ total, search }: { total?: number; search: string }) {
  return (
    <p role="status" className="sr-only">
      {total === undefined ? '' : `${plural(total, 'event')} found${search && ` for ${search}`}`}
    </p>
  )
}
