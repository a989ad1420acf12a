'use client'

import { Search, X } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { controlClass } from '@/components/ui/control'
import { Select } from '@/components/ui/select'
import type { EventQuery } from '../api/list-events'

const DEBOUNCE = 300

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
  onChange: (part: Partial<EventQuery>, how: 'push' | 'replace') => void
}) {
  const id = useId()
  return (
    <form
      role="search"
      aria-label="Events"
      className="flex flex-col gap-3 sm:flex-row"
      onSubmit={(e) => e.preventDefault()}
    >
      <SearchBox search={query.search} onSearch={(search) => onChange({ search }, 'replace')} />
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
            onChange({ sortBy, sortOrder }, 'push')
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

function SearchBox({ search, onSearch }: { search: string; onSearch: (search: string) => void }) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(search)
  const [sent, setSent] = useState(search)
  if (search !== sent) {
    // The address has changed otherwise, by going back for example.
    setSent(search)
    if (text.trim() !== search) setText(search)
  }
  const latest = useRef(onSearch)
  useEffect(() => {
    latest.current = onSearch
  })
  useEffect(() => {
    const wanted = text.trim()
    if (wanted === sent) return
    const timer = setTimeout(() => latest.current(wanted), DEBOUNCE)
    return () => clearTimeout(timer)
  }, [text, sent])

  return (
    <div className="relative grow">
      <label htmlFor={id} className="sr-only">
        Search events by title
      </label>
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-3.5 size-4.5 -translate-y-1/2 text-soft"
      />
      <input
        ref={input}
        id={id}
        type="search"
        name="search"
        autoComplete="off"
        enterKeyHint="search"
        maxLength={200}
        placeholder="Search events by title"
        value={text}
        onChange={(e) => setText(e.target.value)}
        className={`${controlClass} px-10.5 [&::-webkit-search-cancel-button]:hidden`}
      />
      {text && (
        <button
          type="button"
          aria-label="Clear search"
          onClick={() => {
            setText('')
            input.current?.focus()
          }}
          className="absolute inset-y-0 right-0 grid w-11 place-items-center rounded-md text-soft hover:text-ink"
        >
          <X aria-hidden className="size-4.5" />
        </button>
      )}
    </div>
  )
}
