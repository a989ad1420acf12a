// The clock of a device can be wrong by hours. Whether an event has begun is told by the server's.
// The difference is kept for pages that are opened without a network.
const KEY = 'boxoffice.clock'

// The header has whole seconds, and answers take a while on the way.
const TOLERANCE = 3_000 // milliseconds

let ahead = keptDifference()
let answered = 0 // when the server has answered last, by its clock

/** Learns from the Date header of an answer how far the server's clock is ahead of this one. */
export function learnTime(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now()
  if (Number.isNaN(difference)) return
  answered = Date.now() + difference
  const before = ahead
  ahead = Math.abs(difference) > TOLERANCE ? difference : 0
  if (Math.abs(ahead - before) > TOLERANCE) keepDifference()
}

/**
 * The server's time, in milliseconds since 1970. It is never before the last answer, even when the clock
 * of the device is set back without a network.
 */
export const now = (): number => Math.max(Date.now() + ahead, answered - TOLERANCE)

function keptDifference(): number {
  try {
    return Number(localStorage.getItem(KEY))
  } catch {
    return 0 // storage is disabled, or the pages are being exported
  }
}

function keepDifference(): void {
  try {
    if (ahead) localStorage.setItem(KEY, String(ahead))
    else localStorage.removeItem(KEY)
  } catch {
    // Storage is disabled: the next answer tells it again.
  }
}
