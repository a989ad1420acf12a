import { formatDateTime } from '@/lib/format'

/** "March 15, 2025 at 10:00 AM", of which no line ends within the time of the day. */
export function DateTime({ at, timeZone }: { at: string; timeZone: string }) {
  const [, day, clock] = /^(.* )(\S+ \S+)$/.exec(formatDateTime(at, timeZone)) ?? []
  return (
    <time dateTime={at}>
      <span>{day}</span>
      <span className="whitespace-nowrap">{clock}</span>
    </time>
  )
}
