import { now } from './server-time'

// What doors keep for use without a network: their lists, which name customers, and the page. All of it
// is in one cache, which whatever ends a session here removes; so does the end of the last event.
const KEY = 'boxoffice.door'
export const DOOR_CACHE = 'boxoffice.door'

const keptUntil = (): number => {
  try {
    return Number(localStorage.getItem(KEY))
  } catch {
    return 0
  }
}

/** Whether a door can be opened without the server. */
export const isDoorKept = (): boolean => keptUntil() > now()

/** Notes that there is something to keep until a time, in milliseconds since 1970. */
export function keepDoorUntil(time: number): void {
  try {
    if (time > keptUntil()) localStorage.setItem(KEY, String(time))
  } catch {
    // Storage is disabled: doors open with a network only.
  }
}

export function forgetDoor(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // Storage is disabled: nothing was noted.
  }
  // Not there over plain http.
  if (typeof caches !== 'undefined') void caches.delete(DOOR_CACHE).catch(() => undefined)
}

/** Forgets what was kept for events that are over. */
export function forgetPastDoors(): void {
  if (keptUntil() && !isDoorKept()) forgetDoor()
}
