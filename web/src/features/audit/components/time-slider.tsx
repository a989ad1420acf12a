'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { controlClass } from '@/components/ui/control'
import { formatNumber } from '@/lib/format'

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
    <div className="grid gap-2">
      <div className="flex items-end justify-between gap-3">
        <label htmlFor={`${id}-range`} className="text-sm font-semibold">
          Version{' '}
          <output htmlFor={`${id}-range`} className="type-display block text-3xl">
            {formatNumber(shown)}{' '}
            <span className="text-base font-normal text-soft">of {formatNumber(newest)}</span>
          </output>
        </label>
        <div className="flex items-center gap-2">
          {step('Version before', -1)}
          <label htmlFor={`${id}-number`} className="sr-only">
            Go to version
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
            className={`${controlClass} w-24! [&::-webkit-inner-spin-button]:hidden`}
          />
          {step('Version after', 1)}
        </div>
      </div>
      <input
        id={`${id}-range`}
        type="range"
        min={1}
        max={newest}
        value={shown}
        aria-valuetext={`Version ${formatNumber(shown)} of ${formatNumber(newest)}`}
        onChange={(e) => setMoved(Number(e.target.value))}
        className="h-11 w-full cursor-pointer accent-stamp"
      />
    </div>
  )
}
