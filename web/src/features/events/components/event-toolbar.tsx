'use client'

import { useId } from 'react'
import { SearchBox } from '@/components/search-box'
import { Select } from '@/components/ui/select'
import type { EventQuery } from '../event-query'

const sorts = {
  'date-asc': 'Date: soonest first',
  'date-desc': 'Date: latest first',
  'price-asc': 'Price: low to high',
  'price-desc': 'Price: high to low',
  'title-asc': 'Title: A to Z',
  'title-desc': 'Title: Z to A',
} as const

export function EventToolbar({
  query,
  onChange,
}: {
  query: EventQuery
  onChange: (part: Partial<EventQuery>) => void
}) {
  const id = useId()
  return (
    <form
      role="search"
      aria-label="Events"
      className="flex flex-col gap-3 sm:flex-row"
      onSubmit={(e) => e.preventDefault()}
    >
      <SearchBox
        label="Search events by title"
        search={query.search}
        onSearch={(search) => onChange({ search, page: 1 })}
      />
      <div className="sm:w-56">
        <label htmlFor={`${id}-sort`} className="sr-only">
          Sort by
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
          {Object.entries(sorts).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      </div>
    </form>
  )
}
