import { call } from '@/lib/api/client'
import { codeOf } from '@/lib/api/error'
import type { Event, EventDetails as Details } from '@/lib/api/types'

const detailNames = [
  'title',
  'description',
  'date',
  'timeZone',
  'venue',
  'totalTickets',
  'price',
  'currency',
] as const

export function scheduleEvent(details: Details, idempotencyKey: string) {
  return call<Event>('/events', { method: 'POST', body: details, idempotencyKey })
}

export function cancelEvent(id: string, idempotencyKey: string) {
  return call<Event>(`/events/${id}/cancel`, { method: 'POST', idempotencyKey })
}

/** Another user has changed the same event meanwhile; this is its current state. */
export class EditConflict extends Error {
  override name = 'EditConflict'
  constructor(readonly current: Event) {
    super('This event was changed by someone else while you were editing it.')
  }
}

/**
 * Saves the changes to an event. Every booking increases the version too, so a refused version is a
 * conflict only when a field that organizers edit has changed. Otherwise the change is sent again
 * with the newer version.
 */
export async function updateEvent(seen: Event, wanted: Details): Promise<Event> {
  const changed = detailNames.filter(
    (name) => wanted[name] !== seen[name] && !sameInstant(name, wanted, seen),
  )
  if (changed.length === 0) return seen
  const body = Object.fromEntries(changed.map((name) => [name, wanted[name]]))
  let version = seen.version
  for (let attempt = 1; ; attempt++) {
    try {
      return (await call<Event>(`/events/${seen.id}`, { method: 'PATCH', body, ifMatch: version })).data
    } catch (error) {
      if (codeOf(error) !== 'version_mismatch' || attempt === 5) throw error
      const current = (await call<Event>(`/events/${seen.id}`)).data
      if (detailNames.some((name) => current[name] !== seen[name])) throw new EditConflict(current)
      version = current.version
    }
  }
}

function sameInstant(name: keyof Details, a: Details, b: Event): boolean {
  return name === 'date' && Date.parse(a.date) === Date.parse(b.date)
}
