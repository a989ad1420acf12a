import { api, read } from '@/lib/api/client'
import { codeOf } from '@/lib/api/error'
import { Event as eventSchema } from '@/lib/api/schemas'
import type { Event, EventDetails } from '@/lib/api/types'
import { getEvent } from '@/lib/get-event'

const detailNames = [
  'title',
  'description',
  'date',
  'timeZone',
  'venue',
  'totalTickets',
  'price',
  'currency',
  'category',
  'endsAt',
  'organizerName',
  'maxPerCustomer',
  'saleOpensAt',
  'saleClosesAt',
] as const

const isEdited = (a: Event, b: Event) =>
  a.image?.url !== b.image?.url ||
  detailNames.some((name) => (a[name] ?? null) !== (b[name] ?? null)) ||
  typesOf(a) !== typesOf(b)

const typesOf = ({ ticketTypes }: Event) =>
  JSON.stringify(ticketTypes.map(({ id, name, price, capacity }) => [id, name, price, capacity]))

export async function scheduleEvent(body: EventDetails, idempotencyKey: string): Promise<Event> {
  const params = { header: { 'Idempotency-Key': idempotencyKey } }
  return (await read(eventSchema, api.POST('/events', { params, body }))).data
}

export async function cancelEvent(id: string, idempotencyKey: string): Promise<Event> {
  const params = { path: { id }, header: { 'Idempotency-Key': idempotencyKey } }
  return (await read(eventSchema, api.POST('/events/{id}/cancel', { params }))).data
}

/** Puts a draft on sale. */
export async function publishEvent(id: string): Promise<Event> {
  return (await read(eventSchema, api.POST('/events/{id}/publish', { params: { path: { id } } }))).data
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
export async function updateEvent(seen: Event, changes: Partial<EventDetails>): Promise<Event> {
  if (Object.keys(changes).length === 0) return seen
  let version = seen.version
  for (let attempt = 1; ; attempt++) {
    try {
      const params = { path: { id: seen.id }, header: { 'If-Match': `"${version}"` } }
      return (await read(eventSchema, api.PATCH('/events/{id}', { params, body: changes }))).data
    } catch (error) {
      if (codeOf(error) !== 'version_mismatch' || attempt === 5) throw error
      const current = await getEvent(seen.id)
      if (isEdited(current, seen)) throw new EditConflict(current)
      version = current.version
    }
  }
}
