import { startTransition, useEffect, useMemo, useState } from 'react'
import type { Event } from '@/lib/api/types'
import { afterNextFrame } from '@/lib/preload'

/** Whole rows of one, two and three cards, so that the heights of rows stay when the others come. */
const FIRST = 6

/**
 * The events to show: of the first list only its first rows, which fill a screen, and the others when those are painted. To lay out
 * and paint all of them at once would hold up a page that has just come for twice as long.
 */
export function useFirstRows(events: readonly Event[] | undefined): readonly Event[] | undefined {
  const isThere = events !== undefined
  const [isWhole, setWhole] = useState(isThere) // who comes back finds the place where they were
  useEffect(
    () => (isThere && !isWhole ? afterNextFrame(() => startTransition(() => setWhole(true))) : undefined),
    [isThere, isWhole],
  )
  return useMemo(() => (isWhole ? events : events?.slice(0, FIRST)), [events, isWhole])
}
