import { deleteCache, readStored, store } from './storage'

// The tickets that this browser keeps for use without a network, and the cache with the page that
// shows them. They are the signed-in user's: whatever ends a session here removes them.
const KEY = 'boxoffice.tickets'
/** The name of the cache, as in sw.js. */
export const TICKET_CACHE = 'boxoffice.tickets'

export const keptTickets = (): string | null => readStored(KEY)

export const writeTickets = (text: string): void => void store(KEY, text)

export function forgetTickets(): void {
  store(KEY, null)
  deleteCache(TICKET_CACHE)
}
