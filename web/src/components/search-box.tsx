'use client'

import { Search, X } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { controlClass } from './ui/control'

const DEBOUNCE = 300

/** Reports the search term after a pause in typing. */
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
  const [text, setText] = useState(search)
  const [sent, setSent] = useState(search)
  if (search !== sent) {
    // The URL has changed in another way, for example by the back button.
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
