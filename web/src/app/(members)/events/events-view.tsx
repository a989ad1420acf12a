'use client'

import { CalendarPlus, SearchX } from 'lucide-react'
import Link from 'next/link'
import { useDeferredValue, useEffect } from 'react'
import { announce } from '@/components/announcer'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { Pagination } from '@/components/pagination'
import { Button, buttonVariants } from '@/components/ui/button'
import { BookButton } from '@/features/bookings/components/book-button'
import { EventGrid } from '@/features/events/components/event-grid'
import { EventGridSkeleton } from '@/features/events/components/event-grid-skeleton'
import { EventToolbar } from '@/features/events/components/event-toolbar'
import { LiveStatus } from '@/features/events/components/live-status'
import { useEventList } from '@/features/events/api/list-events'
import { useFirstRows } from '@/features/events/first-rows'
import { useEventQuery } from '@/features/events/hooks'
import type { Event } from '@/lib/api/types'
import { plural } from '@/lib/format'
import { useWatch } from '@/lib/live/live'
import { paths } from '@/lib/paths'
import { useSession } from '@/lib/session/store'

const bookButton = (event: Event) => <BookButton event={event} />

export default function EventsView() {
  const { query, change, href } = useEventQuery()
  const list = useEventList(query)
  const { error, isPlaceholderData, dataUpdatedAt, isRefetchError } = list
  const data = useDeferredValue(list.data) // cards are rendered in slices, so that the page stays responsive
  const cards = useFirstRows(data?.data)
  const isWhole = cards?.length === data?.data.length
  const isOrganizer = useSession((s) => s.user?.role === 'organizer')
  useWatch(data?.data.map((event) => event.id) ?? [])

  // The result of a search is announced when it arrives, not while the user types.
  const total = isPlaceholderData ? undefined : list.data?.meta.total
  useEffect(() => {
    if (total !== undefined && query.search) announce(`${plural(total, 'event')} found for ${query.search}`)
  }, [total, query.search])

  const goTo = (page: number) => {
    change({ page })
    scrollTo({ top: 0 })
    document.getElementById('content')?.focus({ preventScroll: true })
  }

  const isBusy = isPlaceholderData || data !== list.data || !isWhole

  return (
    <div className="grid gap-6">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="grid gap-1.5">
          <PageHeading className="text-4xl sm:text-5xl">Events</PageHeading>
          <div className="min-h-6">
            {data && data.data.length > 0 && <LiveStatus asOf={dataUpdatedAt} failing={isRefetchError} />}
          </div>
        </div>
        {isOrganizer && (
          <Link className={buttonVariants({ variant: 'outline' })} href={paths.newEvent}>
            <CalendarPlus aria-hidden />
            Schedule an event
          </Link>
        )}
      </div>
      <EventToolbar query={query} onChange={change} />
      {data && cards ? (
        cards.length > 0 ? (
          <div
            className="grid gap-8 transition-opacity"
            style={{ opacity: isPlaceholderData ? 0.6 : 1 }}
            aria-busy={isBusy}
          >
            <EventGrid events={cards} action={bookButton} />
            {isWhole && (
              <Pagination
                page={data.meta.page}
                pages={data.meta.totalPages}
                href={(page) => href({ page })}
                onPage={goTo}
              />
            )}
          </div>
        ) : (
          <Message
            icon={SearchX}
            title="No events found"
            action={
              query.search || query.page > 1 ? (
                <Button variant="outline" onClick={() => change({ search: '', page: 1 })}>
                  Show all events
                </Button>
              ) : undefined
            }
          >
            {query.search ? (
              <>Nothing is called anything like “{query.search}”.</>
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
    </div>
  )
}
