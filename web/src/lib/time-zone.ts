import { TZDate } from '@date-fns/tz/date'
import { tzOffset } from '@date-fns/tz/tzOffset'

/** Whether the browser knows the zone: some zones are newer than some browsers. */
export function isKnownZone(timeZone: string): boolean {
  return !Number.isNaN(tzOffset(timeZone, new Date(0)))
}

/** The zone itself or, where the browser does not know it, UTC, which times are then labelled with. */
export const knownZone = (timeZone: string): string => (isKnownZone(timeZone) ? timeZone : 'UTC')

export const viewerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** Whether two zones have the same offset at that time. */
export function sameOffset(date: string, a: string, b: string): boolean {
  const at = new Date(date)
  return tzOffset(knownZone(a), at) === tzOffset(knownZone(b), at)
}

/** The local time of a zone as the value of <input type="datetime-local">: 2025-03-15T10:00. */
export function toLocal(instant: string, timeZone: string): string {
  return new TZDate(instant, knownZone(timeZone)).toISOString().slice(0, 16)
}

/**
 * The UTC time of a local time in a zone; undefined for a time in the hour that is skipped in
 * spring. In the hour that is repeated in autumn, the first.
 */
export function toInstant(local: string, timeZone: string): string | undefined {
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN] = local.split(/\D/).map(Number)
  const zoned = new TZDate(year, month - 1, day, hour, minute, timeZone)
  if (Number.isNaN(zoned.getTime())) return undefined
  // In the repeated hour the library gives the second; clocks go back by an hour, or by half of one.
  return [3_600_000, 1_800_000, 0]
    .map((back) => new Date(zoned.getTime() - back).toISOString().replace('.000Z', 'Z'))
    .find((instant) => toLocal(instant, timeZone) === local.slice(0, 16))
}
