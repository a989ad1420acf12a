import { tzOffset } from '@date-fns/tz/tzOffset'

const known = new Map<string, boolean>() // each offset takes a tenth of a millisecond, and a card needs six

/** Whether the browser knows the zone: some zones are newer than some browsers. */
export function isKnownZone(timeZone: string): boolean {
  let isKnown = known.get(timeZone)
  if (isKnown === undefined) known.set(timeZone, (isKnown = !Number.isNaN(tzOffset(timeZone, new Date(0)))))
  return isKnown
}

/** The zone itself or, where the browser does not know it, UTC, which times are then labelled with. */
export const knownZone = (timeZone: string): string => (isKnownZone(timeZone) ? timeZone : 'UTC')

export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** Whether two zones have the same offset at that time. */
export function sameOffset(date: string, a: string, b: string): boolean {
  const at = new Date(date)
  return tzOffset(knownZone(a), at) === tzOffset(knownZone(b), at)
}
