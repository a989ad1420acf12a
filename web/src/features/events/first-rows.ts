import { startTransition, useEffect, useMemo, useState } from 'react'
import type { Event } from '@/lib/api/types'
import { afterNextFrame } from '@/lib/preload'

/**
 * A multiple of one, two and three cards: whole rows, so that row heights stay when the other cards
 * are added.
 */
const FIRST = 6

/**
 * The events to show: at first only the rows of the first screen, and the others when those are
 * painted. Painting all at once would block a new page for twice as long.
 */
export function useFirstRows(events: readonly Event[] | undefined): readonly Event[] | undefined {
  const isLoaded = events !== undefined
  const [isComplete, setComplete] = useState(isLoaded) // coming back keeps the scroll position
  useEffect(
    () =>
      isLoaded && !isComplete ? afterNextFrame(() => startTransition(() => setComplete(true))) : undefined,
    [isLoaded, isComplete],
  )
  return useMemo(() => (isComplete ? events : events?.slice(0, FIRST)), [events, isComplete])
}
