// The clock of a device can be wrong by hours. Whether an event has begun is told by the server's.
let ahead = 0

// The header has whole seconds, and answers take a while on the way.
const TOLERANCE = 3_000 // milliseconds

/** Learns from the Date header of an answer how far the server's clock is ahead of this one. */
export function learnTime(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now()
  if (!Number.isNaN(difference)) ahead = Math.abs(difference) > TOLERANCE ? difference : 0
}

/** The server's time, in milliseconds since 1970. */
export const now = (): number => Date.now() + ahead
