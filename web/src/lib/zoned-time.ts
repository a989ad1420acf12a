// Between moments and what a clock in a time zone shows.

// Not in every browser yet, and not in the types of TypeScript 5. Where it is, it is asked: V8 takes a phone a tenth of a second to
// make its first Intl.DateTimeFormat, for which it looks at every locale that it has.
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

/** Whether the browser knows the zone: some zones are younger than some browsers. */
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
 * How far clocks in the zone are ahead of UTC at a moment; both in milliseconds. In a zone that the browser does not know they show
 * UTC, and are said to.
 */
export function offsetAt(moment: number, timeZone: string): number {
  return isKnownZone(timeZone) ? offsetIn(timeZone, moment) : 0
}

function offsetIn(timeZone: string, moment: number): number {
  if (typeof Temporal !== 'undefined')
    return (
      Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(timeZone).offsetNanoseconds /
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
  const parts = clock.formatToParts(moment)
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((p) => p.type === type)?.value)
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return shown - Math.floor(moment / 1_000) * 1_000
}

/** What a clock in the zone shows at a moment: of the date that is given back, read the parts in UTC. */
export function clockAt(moment: string, timeZone: string): Date {
  const at = Date.parse(moment)
  return new Date(at + offsetAt(at, timeZone))
}

let zone: string | undefined

export function viewerZone(): string {
  return (zone ??=
    typeof Temporal !== 'undefined'
      ? Temporal.Now.timeZoneId()
      : Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** What a clock in the zone shows at a moment, in the form of <input type="datetime-local">: 2025-03-15T10:00. */
export function toLocal(moment: string, timeZone: string): string {
  return clockAt(moment, timeZone).toISOString().slice(0, 16)
}

/**
 * The moment at which a clock in the zone shows this time, in UTC; undefined when it never does, in the hour that is skipped in
 * spring. Of the hour that comes twice in autumn, the first.
 */
export function toMoment(local: string, timeZone: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`)
  if (Number.isNaN(asUtc)) return undefined
  // Offsets are at most 14 hours, and change at most once within that time: those of a day before and after are all there are.
  const candidates = [-1, 1]
    .map((days) => new Date(asUtc - offsetAt(asUtc + days * 86_400_000, timeZone)).toISOString())
    .filter((moment) => toLocal(moment, timeZone) === local.slice(0, 16))
    .sort()
  return candidates[0]?.replace('.000Z', 'Z')
}
