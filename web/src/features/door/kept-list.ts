import { array, object, safeParse, string, type GenericSchema } from 'valibot'
import { DoorList as listSchema } from '@/lib/api/schemas-door'
import type { DoorList } from '@/lib/api/types'
import { hasSessionHint } from '@/lib/session/hint'
import { DOOR_CACHE, forgetDoor, keepDoorUntil } from '@/lib/kept-door'
import { now } from '@/lib/server-time'

/** What a door judges by without network. */
export interface DoorData {
  list: DoorList
  keys: string[] // public keys of tickets, in base64url
}

const schema: GenericSchema<DoorData> = object({
  list: listSchema,
  keys: array(string()),
})
const addressOf = (eventId: string) => `/door/${eventId}/list`

const isCacheThere = () => typeof caches !== 'undefined' // not over plain http

/** Keeps the list until the event is over. */
export async function keepList({ list, keys }: DoorData): Promise<void> {
  const until = Date.parse(list.keepUntil)
  if (!isCacheThere() || until < now()) return
  keepDoorUntil(until)
  const cache = await caches.open(DOOR_CACHE)
  await cache.put(addressOf(list.eventId), Response.json({ list, keys }))
  if (!hasSessionHint()) forgetDoor() // the user has signed out meanwhile
}

/** The list that was kept for an event; null when there is none. */
export async function keptList(eventId: string): Promise<DoorData | null> {
  if (!isCacheThere()) return null
  const response = await caches.match(addressOf(eventId))
  const { success, output } = safeParse(schema, await response?.json().catch(() => undefined))
  if (!success) return null
  if (Date.parse(output.list.keepUntil) > now()) return output
  await dropList(eventId)
  return null
}

export async function dropList(eventId: string): Promise<void> {
  if (isCacheThere()) await (await caches.open(DOOR_CACHE)).delete(addressOf(eventId))
}
