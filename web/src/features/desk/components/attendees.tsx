'use client'

import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Search, Users } from 'lucide-react'
import { useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Message as Missing } from '@/components/message'
import { MoreButton } from '@/components/more-button'
import { Panel } from '@/components/panel'
import { SearchBox } from '@/components/search-box'
import { Button } from '@/components/ui/button'
import { SelectField } from '@/components/ui/field'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import type { Attendee, AttendeeTicket } from '@/lib/api/types'
import { useDebounced } from '@/lib/debounced'
import { deskKeys } from '@/lib/event-cache'
import { useEvent } from '@/lib/get-event'
import { queryClient } from '@/lib/query-client'
import {
  attendeesFile,
  attendeesQuery,
  cancelBookingOf,
  undoCheckIn,
  type AttendeeFilters,
} from '../api/guests'
import { attendees as text, reasons } from '../guests-strings'
import { AttendeeRow } from './attendee-row'
import { ExportAttendees } from './export-attendees'
import { ReasonDialog } from './reason-dialog'

const PAUSE = 300 // milliseconds; while somebody types

type Task = { of: Attendee; ticket?: AttendeeTicket }

/** Who comes to an event: to search, to cancel and to download. */
export function Attendees({ eventId }: { eventId: string }) {
  const [search, setSearch] = useState('')
  const [filters, setFilters] = useState<AttendeeFilters>({})
  const [task, setTask] = useState<Task>()
  const settled = useDebounced(search.trim(), PAUSE)
  const all = { ...filters, ...(settled && { search: settled }) }
  const list = useInfiniteQuery({ ...attendeesQuery(eventId, all), placeholderData: keepPreviousData })
  const types = useEvent(eventId).data?.ticketTypes ?? []
  const typeName = (id: number) => types.find((type) => type.id === id)?.name ?? ''
  const rows = list.data?.pages.flatMap((page) => page.data)
  const isFiltered = Object.keys(all).length > 0
  return (
    <Panel title={text.title}>
      <div className="grid items-end gap-3 sm:grid-cols-3">
        <div className="sm:col-span-3">
          <SearchBox label={text.search} search={search} onSearch={setSearch} />
        </div>
        <Filters filters={filters} types={types} onChange={setFilters} />
      </div>
      <ExportAttendees path={attendeesFile(eventId, all)} />
      {rows && rows.length > 0 ? (
        <Table>
          {rows.map((row) => (
            <AttendeeRow
              key={row.bookingId}
              attendee={row}
              typeName={typeName}
              onCancel={() => setTask({ of: row })}
              onUndo={(ticket) => setTask({ of: row, ticket })}
            />
          ))}
        </Table>
      ) : list.error ? (
        <LoadError title={text.failed} query={list} />
      ) : rows ? (
        <Nobody isFiltered={isFiltered} onClear={() => (setSearch(''), setFilters({}))} />
      ) : (
        <RowsSkeleton />
      )}
      <MoreButton list={list}>{text.more}</MoreButton>
      {task && <TaskDialog eventId={eventId} task={task} onClose={() => setTask(undefined)} />}
    </Panel>
  )
}

function TaskDialog({ eventId, task, onClose }: { eventId: string; task: Task; onClose: () => void }) {
  const { of, ticket } = task
  const { bookingId } = of
  return (
    <ReasonDialog
      name={of.name || text.deleted}
      text={ticket ? reasons.undo : reasons.cancel}
      act={async (reason, key) => {
        try {
          if (ticket) {
            const { ticketTypeId, number } = ticket
            await undoCheckIn(eventId, { bookingId, ticketTypeId, number }, reason, key)
          } else await cancelBookingOf(eventId, bookingId, reason, key)
        } finally {
          // Refused, it may be so already.
          void queryClient.invalidateQueries({ queryKey: deskKeys.attendees(eventId) })
        }
      }}
      onClose={onClose}
    />
  )
}

function Filters({
  filters,
  types,
  onChange,
}: {
  filters: AttendeeFilters
  types: { id: number; name: string }[]
  onChange: (filters: AttendeeFilters) => void
}) {
  const choose = (name: keyof AttendeeFilters, value: string) => {
    const others = { ...filters }
    delete others[name]
    onChange(value ? { ...others, [name]: name === 'ticketTypeId' ? Number(value) : value } : others)
  }
  const select = (name: keyof AttendeeFilters, label: string, options: [string, string][]) => (
    <SelectField label={label} value={filters[name] ?? ''} onChange={(e) => choose(name, e.target.value)}>
      <option value="">{text.all}</option>
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </SelectField>
  )
  return (
    <>
      {select(
        'ticketTypeId',
        text.type,
        types.map(({ id, name }) => [String(id), name]),
      )}
      {select('status', text.status, [
        ['CONFIRMED', text.confirmed],
        ['CANCELLED', text.cancelled],
      ])}
      {select('checkedIn', text.checkIn, [
        ['true', text.inside],
        ['false', text.outside],
      ])}
    </>
  )
}

/** A table, or where that is too wide a list of cards. The roles stay, which another display would take away. */
function Table({ children }: { children: React.ReactNode }) {
  return (
    <table role="table" aria-label={text.title} className="w-full text-left max-lg:block">
      <thead role="rowgroup" className="max-lg:sr-only">
        <tr role="row" className="type-label text-soft">
          {[text.name, text.tickets, text.booked].map((label) => (
            <th key={label} role="columnheader" scope="col" className="py-2 pr-4 font-semibold">
              {label}
            </th>
          ))}
          <th role="columnheader" scope="col">
            <span className="sr-only">{text.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup" className="max-lg:grid max-lg:grid-cols-1 max-lg:gap-3">
        {children}
      </tbody>
    </table>
  )
}

function Nobody({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  return isFiltered ? (
    <Missing
      icon={Search}
      title={text.noMatch}
      action={
        <Button variant="outline" onClick={onClear}>
          {text.clear}
        </Button>
      }
    >
      {text.noMatchHint}
    </Missing>
  ) : (
    <Missing icon={Users} title={text.none}>
      {text.noneHint}
    </Missing>
  )
}

function RowsSkeleton() {
  return (
    <div className="grid gap-3">
      {[1, 2, 3].map((i) => (
        <Skeleton key={i} className="h-16 w-full" />
      ))}
      <Loading>{text.loading}</Loading>
    </div>
  )
}
