// The tickets that this browser keeps for use without a network, and the cache with the page that
// shows them. They are the signed-in user's: whatever ends a session here removes them.
const KEY = 'boxoffice.tickets'
/** The name of the cache, as in sw.js. */
export const TICKET_CACHE = 'boxoffice.tickets'

export function keptTickets(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

export function writeTickets(text: string): void {
  try {
    localStorage.setItem(KEY, text)
  } catch {
    // Storage is full or disabled: tickets are shown with a network only.
  }
}

export function forgetTickets(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // Storage is disabled: nothing was kept.
  }
  // Not there over plain http.
  if (typeof caches !== 'undefined') void caches.delete(TICKET_CACHE).catch(() => undefined)
}
