import { TZDate } from '@date-fns/tz/date'
import { knownZone } from './time-zone'

const HALF_HOUR = 30 * 60_000 // milliseconds

/** The local time of a zone as the value of <input type="datetime-local">: 2025-03-15T10:00. */
export function toLocal(instant: string, timeZone: string): string {
  return new TZDate(instant, knownZone(timeZone)).toISOString().slice(0, 16)
}

/**
 * The UTC times of a local time in a zone, in order: usually one, none in the hour that is skipped
 * in spring, two in the hour that is repeated in autumn.
 */
export function toInstants(local: string, timeZone: string): string[] {
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN] = local.split(/\D/).map(Number)
  const zoned = new TZDate(year, month - 1, day, hour, minute, timeZone)
  if (Number.isNaN(zoned.getTime())) return []
  // Of two the library gives either. Clocks go back by an hour, or by half of one.
  return [-2, -1, 0, 1, 2]
    .map((by) => new Date(zoned.getTime() + by * HALF_HOUR).toISOString().replace('.000Z', 'Z'))
    .filter((instant) => toLocal(instant, timeZone) === local.slice(0, 16))
}
