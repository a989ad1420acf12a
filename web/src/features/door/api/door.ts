import { safeParse } from 'valibot'
import { api, read } from '@/lib/api/client'
import { untilDecided } from '@/lib/api/decided'
import { ApiError } from '@/lib/api/error'
import { CheckedTicket, DeskEvent, DoorList, Problem, TicketKeys } from '@/lib/api/schemas-door'
import type { CheckedTicket as Ticket } from '@/lib/api/types'
import type { DoorData } from '../kept-list'
import { refusals, type Refusal } from '../judge'

const PATIENCE = 4_000 // milliseconds: people stand at the door

export async function getDoor(id: string, signal: AbortSignal): Promise<DoorData> {
  const [list, { keys }] = await Promise.all([
    read(DoorList, api.GET('/events/{id}/check-ins', { params: { path: { id } }, signal })),
    read(TicketKeys, api.GET('/.well-known/ticket-keys.json', { signal })).then(({ data }) => data),
  ])
  return { list: list.data, keys: keys.map(({ x }) => x) }
}

/** How many are sold and admitted. */
export async function getCounts(id: string, signal: AbortSignal) {
  const { sold, checkedIn } = (
    await read(DeskEvent, api.GET('/desk/events/{id}', { params: { path: { id } }, signal }))
  ).data
  return { sold, checkedIn }
}

export interface ScanRequest {
  eventId: string
  code: string
  key: string
  at: number
}

export type Answer = { admitted: Ticket } | { refusal: Refusal; at?: number; by?: string }

/**
 * Checks a ticket in. Repeated with the same key, it is admitted once. Throws an ApiError when that was
 * not decided.
 */
export function sendScan({ eventId, code, key, at }: ScanRequest): Promise<Answer> {
  return untilDecided(async () => {
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(), PATIENCE)
    try {
      const request = await api.POST('/events/{id}/check-ins', {
        params: { path: { id: eventId }, header: { 'Idempotency-Key': key } },
        body: { code, scannedAt: new Date(at).toISOString() },
        signal: patience.signal,
      })
      return (
        refusalOf(request.error) ?? { admitted: (await read(CheckedTicket, Promise.resolve(request))).data }
      )
    } catch (error) {
      if (patience.signal.aborted) throw ApiError.network()
      throw error instanceof SyntaxError ? ApiError.unreadable() : error
    } finally {
      clearTimeout(timer)
    }
  })
}

function refusalOf(body: unknown): Answer | undefined {
  const { success, output } = safeParse(Problem, body)
  const refusal = success && refusals.find((code) => code === output.code)
  if (!refusal) return undefined
  return {
    refusal,
    at: output.checkedInAt ? Date.parse(output.checkedInAt) : undefined,
    by: output.checkedInBy,
  }
}

export const undoScan = (eventId: string, code: string, reason: string, key: string) =>
  untilDecided(async () => {
    const params = { path: { id: eventId }, header: { 'Idempotency-Key': key } }
    return (
      await read(CheckedTicket, api.POST('/events/{id}/check-ins/undo', { params, body: { code, reason } }))
    ).data
  })
