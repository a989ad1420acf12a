import type { Event } from '@/lib/api/types'

/** How long an event takes that does not say when it ends. */
const USUAL = 2 * 3_600_000

/** In milliseconds since 1970. */
export function endOf({ date, endsAt }: Pick<Event, 'date' | 'endsAt'>): number {
  return endsAt ? Date.parse(endsAt) : Date.parse(date) + USUAL
}
