import { now } from './server-time'
import { deleteCache, readStored, store } from './storage'

// What doors keep for use without a network: their lists, which name customers, and the page. All of it
// is in one cache, which whatever ends a session here removes; so does the end of the last event.
const KEY = 'boxoffice.door'
export const DOOR_CACHE = 'boxoffice.door'

const keptUntil = (): number => Number(readStored(KEY))

/** Whether a door can be opened without the server. */
export const isDoorKept = (): boolean => keptUntil() > now()

/** Notes that there is something to keep until a time, in milliseconds since 1970. */
export function keepDoorUntil(time: number): void {
  if (time > keptUntil()) store(KEY, String(time))
}

export function forgetDoor(): void {
  store(KEY, null)
  deleteCache(DOOR_CACHE)
}

/** Forgets what was kept for events that are over. */
export function forgetPastDoors(): void {
  if (keptUntil() && !isDoorKept()) forgetDoor()
}
