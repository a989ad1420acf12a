// Between moments and what a clock in a time zone shows, in the form of <input type="datetime-local">: 2025-03-15T10:00.

/** What a clock in the zone shows at a moment. */
export function toLocal(moment: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(new Date(moment))
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((p) => p.type === type)?.value ?? ''
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`
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
    .map((days) => {
      const near = new Date(asUtc + days * 86_400_000).toISOString()
      const offset =
        Date.parse(`${toLocal(near, timeZone)}Z`) - Math.floor(Date.parse(near) / 60_000) * 60_000
      return new Date(asUtc - offset).toISOString()
    })
    .filter((moment) => toLocal(moment, timeZone) === local.slice(0, 16))
    .sort()
  return candidates[0]?.replace('.000Z', 'Z')
}
