'use client'

import { CalendarX } from 'lucide-react'
import { debounce, parseAsString, parseAsStringLiteral } from 'nuqs'
import type { ReactNode } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { MoreButton } from '@/components/more-button'
import { SearchBox } from '@/components/search-box'
import { TitleLink } from '@/components/title-link'
import { Button } from '@/components/ui/button'
import { Select } from '@/components/ui/select'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import type { DeskListedEvent } from '@/lib/api/types'
import { useDebounced } from '@/lib/debounced'
import { deskKeys } from '@/lib/event-cache'
import { paths } from '@/lib/paths'
import { useUrlState } from '@/lib/url-state'
import { useDeskEvents } from '../api/list-desk-events'
import { useFollowing } from '../follow'
import { may } from '../roles'
import { list as text } from '../strings'
import { CountsLine } from './counts'
import { HeadingLine } from './heading-line'

const DEBOUNCE = 300 // milliseconds
const shows = ['upcoming', 'all'] as const
const parsers = {
  search: parseAsString.withDefault('').withOptions({ limitUrlUpdates: debounce(DEBOUNCE) }),
  show: parseAsStringLiteral(shows).withDefault('upcoming').withOptions({ history: 'push' }),
}
/** A connection can follow 200 events. */
const MOST_FOLLOWED = 100

/** `action` is what there is to do for those without events. */
export function DeskList({ action }: { action?: ReactNode }) {
  const [{ search, show }, change] = useUrlState(parsers)
  const settled = useDebounced(search, DEBOUNCE).trim().slice(0, 200)
  const query = useDeskEvents({ search: settled, upcoming: show === 'upcoming' })
  const { data, isPlaceholderData } = query
  const events = data?.pages.flatMap((page) => page.data) ?? []
  useFollowing(
    events.slice(0, MOST_FOLLOWED).map(({ id }) => id),
    [[deskKeys.lists, 2_000]],
  )
  return (
    <>
      <form
        role="search"
        aria-label={text.label}
        className="flex flex-wrap gap-2.5"
        onSubmit={(e) => e.preventDefault()}
      >
        <SearchBox label={text.search} search={search} onSearch={(search) => change({ search })} />
        <Select
          aria-label={text.which}
          value={show}
          onChange={(e) => change({ show: e.target.value as (typeof shows)[number] })}
        >
          {shows.map((value) => (
            <option key={value} value={value}>
              {text.show[value]}
            </option>
          ))}
        </Select>
      </form>
      <p role="status" className="sr-only">
        {data && !isPlaceholderData && text.found(data.pages[0]?.meta.total ?? 0, settled)}
      </p>
      {data ? (
        <div className="grid transition-opacity aria-busy:opacity-60 gap-group" aria-busy={isPlaceholderData}>
          {events.length > 0 ? (
            <ul className="grid gap-3">
              {events.map((event) => (
                <DeskItem key={event.id} event={event} />
              ))}
            </ul>
          ) : (
            <Message
              icon={CalendarX}
              title={text.noneTitle}
              action={
                settled || show === 'upcoming' ? (
                  <Button variant="outline" onClick={() => change({ search: null, show: 'all' })}>
                    {text.showAll}
                  </Button>
                ) : (
                  action
                )
              }
            >
              {settled ? text.noneCalled(settled) : show === 'upcoming' ? text.noneUpcoming : text.none}
            </Message>
          )}
          <MoreButton list={query}>{text.more}</MoreButton>
        </div>
      ) : query.error ? (
        <LoadError title={text.failed} query={query} />
      ) : (
        <DeskListSkeleton />
      )}
    </>
  )
}

function DeskItem({ event }: { event: DeskListedEvent }) {
  return (
    <li className="panel grid gap-3">
      <h2 className="type-display text-xl">
        <TitleLink href={paths.deskEvent(event.id)}>{event.title}</TitleLink>
      </h2>
      <HeadingLine event={event} />
      {may(event.role, 'sell') && <CountsLine event={event} />}
    </li>
  )
}

export function DeskListSkeleton() {
  return (
    <div className="grid gap-3">
      {[1, 2, 3].map((i) => (
        <div key={i} aria-hidden className="panel grid gap-3">
          <Skeleton className="h-6 w-1/2" />
          <Skeleton className="h-5 w-2/3" />
          <Skeleton className="h-9 w-1/2" />
        </div>
      ))}
      <Loading>{text.loading}</Loading>
    </div>
  )
}
