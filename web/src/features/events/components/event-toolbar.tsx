'use client'

import { cx } from 'class-variance-authority'
import { SlidersHorizontal } from 'lucide-react'
import { useId, useState } from 'react'
import { SearchBox } from '@/components/search-box'
import { Button } from '@/components/ui/button'
import { Select } from '@/components/ui/select'
import { activeFilters, type Change, type EventQuery } from '../event-query'
import { filters, list as text } from '../strings'
import { EventFilters } from './event-filters'

export function EventToolbar({ query, onChange }: { query: EventQuery; onChange: Change }) {
  const id = useId()
  const [isOpen, setIsOpen] = useState(false)
  const active = activeFilters(query)
  return (
    <form role="search" aria-label={text.region} className="grid gap-3" onSubmit={(e) => e.preventDefault()}>
      <div className="flex flex-col gap-3 sm:flex-row">
        <SearchBox
          label={text.search}
          search={query.search}
          onSearch={(search) => onChange({ search, page: 1 })}
        />
        <div className="flex gap-3">
          <Button
            variant="outline"
            className="grow lg:hidden"
            aria-expanded={isOpen}
            aria-controls={`${id}-filters`}
            onClick={() => setIsOpen(!isOpen)}
          >
            <SlidersHorizontal aria-hidden />
            {filters.open}
            {active > 0 && (
              <span className="rounded-full bg-stamp px-1.5 text-xs leading-5 text-on-stamp">
                <span aria-hidden>{active}</span>
                <span className="sr-only">{filters.active(active)}</span>
              </span>
            )}
          </Button>
          <div className="min-w-0 grow basis-40 sm:w-52 sm:basis-auto">
            <label htmlFor={`${id}-sort`} className="sr-only">
              {text.sortLabel}
            </label>
            <Select
              id={`${id}-sort`}
              value={`${query.sortBy}-${query.sortOrder}`}
              onChange={(e) => {
                const [sortBy, sortOrder] = e.target.value.split('-') as [
                  EventQuery['sortBy'],
                  EventQuery['sortOrder'],
                ]
                onChange({ sortBy, sortOrder, page: 1 })
              }}
            >
              {Object.entries(text.sorts).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </Select>
          </div>
        </div>
      </div>
      {/* Always open where there is room. */}
      <div
        id={`${id}-filters`}
        className={cx(
          'grid-cols-1 gap-3 min-[30rem]:grid-cols-2 lg:grid lg:grid-cols-[repeat(auto-fit,minmax(9rem,1fr))]',
          isOpen ? 'grid' : 'hidden',
        )}
      >
        <EventFilters query={query} onChange={onChange} />
      </div>
    </form>
  )
}
