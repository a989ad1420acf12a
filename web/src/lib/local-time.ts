import { TZDate } from '@date-fns/tz/date'
import { knownZone } from './time-zone'

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
  // In the repeated hour the library gives the second; clocks go back by an hour, or by half of one.
  return [3_600_000, 1_800_000, 0]
    .map((back) => new Date(zoned.getTime() - back).toISOString().replace('.000Z', 'Z'))
    .filter((instant) => toLocal(instant, timeZone) === local.slice(0, 16))
}
