'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { controlClass } from '@/components/ui/control'
import { texts } from '../strings'

const words = texts.slider

// Each stop is a request, which the server records in the audit of reads.
const DEBOUNCE = 200

/**
 * Selects a version of a stream. The slider moves at once, and reports the version when it stops.
 */
export function TimeSlider({
  version,
  newest,
  onChange,
}: {
  version: number
  newest: number
  onChange: (version: number) => void
}) {
  const id = useId()
  const [moved, setMoved] = useState<number>()
  const [typed, setTyped] = useState<string>()
  const shown = moved ?? version
  const latest = useRef(onChange)
  useEffect(() => {
    latest.current = onChange
  })
  useEffect(() => {
    if (moved === undefined) return
    const timer = setTimeout(() => {
      latest.current(moved)
      setMoved(undefined) // from now on it follows the version, which may be selected elsewhere
    }, DEBOUNCE)
    return () => clearTimeout(timer)
  }, [moved])

  const step = (text: string, by: 1 | -1) => (
    <Button
      variant="outline"
      size="icon"
      aria-label={text}
      disabled={shown + by < 1 || shown + by > newest}
      onClick={() => setMoved(shown + by)}
    >
      {by < 0 ? <ChevronLeft aria-hidden /> : <ChevronRight aria-hidden />}
    </Button>
  )
  return (
    <section
      aria-label={words.region}
      data-slot="time-slider"
      // It stays in reach beside a long timeline, unless the screen is too low for both.
      className="panel top-[4.5rem] z-20 grid grid-cols-[auto_1fr_auto] items-center gap-x-3 py-2! shadow-card [@media(min-height:30rem)]:sticky"
    >
      {step(words.previous, -1)}
      <div className="grid min-w-0">
        <div className="flex items-center gap-2 text-sm">
          <label htmlFor={`${id}-number`} className="font-semibold">
            {words.entry}
          </label>
          <input
            id={`${id}-number`}
            type="number"
            inputMode="numeric"
            min={1}
            max={newest}
            value={typed ?? shown}
            onChange={(e) => {
              setTyped(e.target.value)
              const wanted = Number(e.target.value)
              if (Number.isInteger(wanted) && wanted >= 1 && wanted <= newest) setMoved(wanted)
            }}
            onBlur={() => setTyped(undefined)}
            className={`${controlClass} w-20! min-w-12 text-center [&::-webkit-inner-spin-button]:hidden`}
          />
          <span className="whitespace-nowrap text-soft">{words.of(newest)}</span>
        </div>
        <input
          type="range"
          aria-label={words.label}
          min={1}
          max={newest}
          value={shown}
          aria-valuetext={words.value(shown, newest)}
          onChange={(e) => setMoved(Number(e.target.value))}
          className="h-11 w-full cursor-pointer accent-stamp"
        />
      </div>
      {step(words.next, 1)}
    </section>
  )
}
