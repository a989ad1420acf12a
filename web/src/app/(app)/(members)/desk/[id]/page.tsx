'use client'

import { cx } from 'class-variance-authority'
import { Ban, TicketX } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { parseAsString } from 'nuqs'
import { Suspense, type ComponentType } from 'react'
import { BackLink } from '@/components/back-link'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { ButtonLink } from '@/components/ui/button-link'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import { useDeskEvent } from '@/features/desk/api/get-desk-event'
import { DeskTools } from '@/features/desk/components/desk-tools'
import { HeadingLine } from '@/features/desk/components/heading-line'
import { SalesSection } from '@/features/desk/components/sales-section'
import { useFollowing } from '@/features/desk/follow'
import { may } from '@/features/desk/roles'
import { event as text } from '@/features/desk/strings'
import { LiveStatus } from '@/features/events/components/live-status'
import { usePathId } from '@/lib/address'
import { ApiError } from '@/lib/api/error'
import type { DeskEvent } from '@/lib/api/types'
import { deskKeys } from '@/lib/event-cache'
import { paths } from '@/lib/paths'
import { useUrlState } from '@/lib/url-state'

const Attendees = dynamic(() => import('@/features/desk/components/attendees').then((file) => file.Attendees))
const SellHere = dynamic(() => import('@/features/desk/components/sell').then((file) => file.SellHere))
const Messages = dynamic(() => import('@/features/desk/components/message').then((file) => file.Message))

interface View {
  /** In the URL: /desk/<id>?view=sales. */
  name: string
  title: string
  needs: 'sell' | 'manage'
  Part: ComponentType<{ event: DeskEvent }>
}

const views: readonly View[] = [
  { name: 'sales', title: text.sales, needs: 'sell', Part: SalesSection },
  {
    name: 'attendees',
    title: text.attendees,
    needs: 'sell',
    Part: ({ event: { id } }) => (
      <div className="grid grid-cols-1 gap-group">
        <SellHere eventId={id} />
        <Attendees eventId={id} />
      </div>
    ),
  },
  {
    name: 'messages',
    title: text.messages,
    needs: 'sell',
    Part: ({ event: { id, role } }) => <Messages eventId={id} role={role} />,
  },
]

export default function DeskEventPage() {
  const id = usePathId()
  return (
    <Suspense fallback={<DeskSkeleton />}>{id ? <LoadedDesk key={id} id={id} /> : <DeskSkeleton />}</Suspense>
  )
}

function LoadedDesk({ id }: { id: string }) {
  const query = useDeskEvent(id)
  const { data: event, error, dataUpdatedAt, isRefetchError } = query
  useFollowing(
    [id],
    [
      [deskKeys.one(id), 1_000],
      [deskKeys.sales(id), 5_000],
      [deskKeys.attendees(id), 5_000],
    ],
  )
  return (
    <div className="grid grid-cols-1 gap-5">
      <PageTitle>{event ? text.pageTitle(event.title) : text.page}</PageTitle>
      <BackLink href={paths.desk}>{text.back}</BackLink>
      {event ? (
        <>
          <div className="grid gap-3">
            <PageHeading>
              <bdi>{event.title}</bdi>
            </PageHeading>
            <HeadingLine event={event} />
          </div>
          <DeskTools event={event} />
          {may(event.role, 'sell') ? (
            <>
              <LiveStatus asOf={dataUpdatedAt} failing={isRefetchError} />
              <Views event={event} />
            </>
          ) : (
            <p className="text-soft">{text.doorOnly}</p>
          )}
        </>
      ) : error instanceof ApiError && [400, 403, 404].includes(error.status) ? (
        <Refused isOthers={error.status === 403} />
      ) : error ? (
        <LoadError isPage title={text.failed} query={query} />
      ) : (
        <DeskSkeleton />
      )}
    </div>
  )
}

const parsers = { view: parseAsString }

/** One part of the desk at a time, which has an address of its own. */
function Views({ event }: { event: DeskEvent }) {
  const [{ view: name }] = useUrlState(parsers)
  const shown = views.filter(({ needs }) => may(event.role, needs))
  const current = shown.find((view) => view.name === name) ?? shown[0]!
  return (
    <>
      {shown.length > 1 && (
        <nav aria-label={text.views} className="flex flex-wrap gap-x-1 border-b">
          {shown.map((view) => (
            <Link
              key={view.name}
              href={paths.deskEvent(event.id, view.name)}
              aria-current={view === current ? 'page' : undefined}
              className={cx(
                'flex min-h-11 items-center border-b-3 px-3 font-semibold',
                view === current ? 'border-stamp' : 'border-transparent text-soft hover:text-ink',
              )}
            >
              {view.title}
            </Link>
          ))}
        </nav>
      )}
      <current.Part event={event} />
    </>
  )
}

function Refused({ isOthers }: { isOthers: boolean }) {
  return (
    <Message
      isPage
      icon={isOthers ? Ban : TicketX}
      role={isOthers ? 'alert' : undefined}
      title={isOthers ? text.othersTitle : text.missingTitle}
      action={<ButtonLink href={paths.desk}>{text.back}</ButtonLink>}
    >
      {isOthers ? text.others : text.missing}
    </Message>
  )
}

function DeskSkeleton() {
  return (
    <div className="grid gap-5">
      <div aria-hidden className="grid gap-5">
        <Skeleton className="h-11 w-2/3" />
        <Skeleton className="h-5 w-1/2" />
        <Skeleton className="h-11 w-full sm:w-2/3" />
        <div className="grid gap-group lg:grid-cols-2">
          <Skeleton className="h-56 rounded-ticket" />
          <Skeleton className="h-56 rounded-ticket" />
        </div>
      </div>
      <Loading>{text.loading}</Loading>
    </div>
  )
}
