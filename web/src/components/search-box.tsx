'use client'

import { Search, X } from 'lucide-react'
import { useId, useRef } from 'react'
import { strings } from '@/lib/strings'
import { controlClass } from './ui/control'

/** The search term as it is typed. What is searched for follows after a pause: useDebounced. */
export function SearchBox({
  label,
  search,
  onSearch,
}: {
  label: string
  search: string
  onSearch: (search: string) => void
}) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  return (
    <div className="relative grow">
      <label htmlFor={id} className="sr-only">
        {label}
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
        placeholder={label}
        value={search}
        onChange={(e) => onSearch(e.target.value)}
        className={`${controlClass} px-10.5 text-ellipsis [&::-webkit-search-cancel-button]:hidden`}
      />
      {search && (
        <button
          type="button"
          aria-label={strings.clearSearch}
          onClick={() => {
            onSearch('')
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
