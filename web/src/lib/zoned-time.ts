// Conversion between UTC and the local time of a zone.

// Temporal is not in every browser yet, and not in the types of TypeScript 5. It is preferred where
// it exists: on a phone, V8 needs a tenth of a second for the first Intl.DateTimeFormat, because it
// loads every locale.
declare const Temporal:
  | {
      Instant: {
        fromEpochMilliseconds(at: number): { toZonedDateTimeISO(zone: string): { offsetNanoseconds: number } }
      }
      Now: { timeZoneId(): string }
    }
  | undefined

const clocks = new Map<string, Intl.DateTimeFormat>()

const known = new Map<string, boolean>()

/** Whether the browser knows the zone: some zones are newer than some browsers. */
export function isKnownZone(timeZone: string): boolean {
  let is = known.get(timeZone)
  if (is === undefined) {
    try {
      offsetIn(timeZone, 0)
      is = true
    } catch {
      is = false
    }
    known.set(timeZone, is)
  }
  return is
}

/**
 * The offset of a zone from UTC at a time; both in milliseconds. A zone that the browser does not
 * know has the offset 0, and times in it are labelled as UTC.
 */
export function offsetAt(instant: number, timeZone: string): number {
  return isKnownZone(timeZone) ? offsetIn(timeZone, instant) : 0
}

function offsetIn(timeZone: string, instant: number): number {
  if (typeof Temporal !== 'undefined')
    return (
      Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone).offsetNanoseconds /
      1_000_000
    )
  let clock = clocks.get(timeZone)
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    clocks.set(timeZone, clock)
  }
  const parts = clock.formatToParts(instant)
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((p) => p.type === type)?.value)
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return shown - Math.floor(instant / 1_000) * 1_000
}

/** The local time of a zone, as a date whose UTC parts hold it. */
export function localTimeAt(instant: string, timeZone: string): Date {
  const at = Date.parse(instant)
  return new Date(at + offsetAt(at, timeZone))
}

let zone: string | undefined

export function viewerZone(): string {
  return (zone ??=
    typeof Temporal !== 'undefined'
      ? Temporal.Now.timeZoneId()
      : Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** The local time of a zone as the value of <input type="datetime-local">: 2025-03-15T10:00. */
export function toLocal(instant: string, timeZone: string): string {
  return localTimeAt(instant, timeZone).toISOString().slice(0, 16)
}

/**
 * The UTC time of a local time in a zone; undefined for a time in the hour that is skipped in
 * spring. In the hour that is repeated in autumn, the first.
 */
export function toInstant(local: string, timeZone: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`)
  if (Number.isNaN(asUtc)) return undefined
  // Offsets are at most 14 hours, and change at most once within that time: the offsets one day
  // before and one day after are the only candidates.
  const candidates = [-1, 1]
    .map((days) => new Date(asUtc - offsetAt(asUtc + days * 86_400_000, timeZone)).toISOString())
    .filter((instant) => toLocal(instant, timeZone) === local.slice(0, 16))
    .sort()
  return candidates[0]?.replace('.000Z', 'Z')
}
