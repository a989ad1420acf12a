'use client'

import { CalendarPlus, SearchX } from 'lucide-react'
import dynamic from 'next/dynamic'
import { Suspense, useEffect } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { Pagination } from '@/components/pagination'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import { BookButton } from '@/features/bookings/components/book-button'
import { useEventList } from '@/features/events/api/list-events'
import { EventGrid, EventGridSkeleton } from '@/features/events/components/event-grid'
import { ChooseLink } from '@/features/events/components/choose-link'
import { EventToolbar } from '@/features/events/components/event-toolbar'
import { LiveStatus } from '@/features/events/components/live-status'
import { activeFilters, noFilters, useEventQuery } from '@/features/events/event-query'
import { filters, list as text } from '@/features/events/strings'
import type { Event } from '@/lib/api/types'
import { useWatch } from '@/lib/live/live'
import { paths } from '@/lib/paths'
import { isSimple } from '@/lib/sale'
import { useSession } from '@/lib/session/store'

// Most visitors are no organizers.
const SubscribeButton = dynamic(
  () => import('@/features/calendar/components/subscribe-button').then((file) => file.SubscribeButton),
  { ssr: false },
)

const bookButton = (event: Event) =>
  isSimple(event) ? <BookButton event={event} /> : <ChooseLink event={event} />

export default function EventsPage() {
  const isOrganizer = useSession((s) => s.user?.role === 'organizer' || s.user?.role === 'admin')
  return (
    <div className="grid grid-cols-1 gap-6">
      <PageTitle>{text.title}</PageTitle>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <PageHeading>{text.title}</PageHeading>
        {isOrganizer && (
          <div className="flex flex-wrap gap-2">
            <SubscribeButton kind="events" />
            <ButtonLink variant="outline" href={paths.newEvent}>
              <CalendarPlus aria-hidden />
              {text.schedule}
            </ButtonLink>
          </div>
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
    if (isBeyond && !isPlaceholderData) change({ page: pages })
  }, [isBeyond, isPlaceholderData, pages, change])

  const isFiltered = activeFilters(settled) > 0
  const clear = () => change({ ...noFilters, search: null, page: null })
  return (
    <>
      <EventToolbar query={query} onChange={change} />
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1">
        <div className="flex min-h-11 items-center gap-3">
          {/* Announced when it arrives, not while the user types. */}
          <p role="status" className="min-w-0 font-semibold wrap-anywhere">
            {data && !isPlaceholderData && text.found(data.meta.total, settled.search)}
          </p>
          {isFiltered && (
            <Button variant="quiet" onClick={clear}>
              {filters.clear}
            </Button>
          )}
        </div>
        <LiveStatus asOf={dataUpdatedAt} failing={isRefetchError} isLoading={!data} />
      </div>
      {data && !isBeyond ? (
        data.data.length > 0 ? (
          <div
            className="grid transition-opacity aria-busy:opacity-60 grid-cols-1 gap-section"
            aria-busy={isPlaceholderData}
          >
            <EventGrid events={data.data} action={bookButton} />
            <Pagination page={data.meta.page} pages={data.meta.totalPages} href={(page) => href({ page })} />
          </div>
        ) : (
          <Nothing search={settled.search} isFiltered={isFiltered} onClear={clear} />
        )
      ) : error ? (
        <LoadError title={text.failed} query={list} />
      ) : (
        <EventGridSkeleton />
      )}
    </>
  )
}

function Nothing({
  search,
  isFiltered,
  onClear,
}: {
  search: string
  isFiltered: boolean
  onClear: () => void
}) {
  return (
    <Message
      icon={SearchX}
      title={text.noneTitle}
      action={
        (search || isFiltered) && (
          <Button variant="outline" onClick={onClear}>
            {text.showAll}
          </Button>
        )
      }
    >
      {isFiltered ? text.noneMatch : search ? text.noneCalled(search) : text.noneOnSale}
    </Message>
  )
}
