import { api, read } from '@/lib/api/client'
import { untilDecided } from '@/lib/api/decided'
import { ApiError } from '@/lib/api/error'
import { BookingChange as changeSchema } from '@/lib/api/schemas'
import type { BookingChange } from '@/lib/api/types'
import { newKey } from '@/lib/new-key'
import { proofHeader, withProof } from '@/lib/proof-of-work/proof'
import { strings } from '../strings'

/** The outcome of an attempt to book, as far as it is known. */
export type Outcome =
  | { kind: 'booked'; change: BookingChange }
  | { kind: keyof typeof strings.refused }
  | { kind: 'sold_out'; othersWait: boolean }
  /** Nothing has been decided; the server asks for a retry later. */
  | { kind: 'busy' | 'rate_limited'; seconds: number }
  | { kind: 'offline' }
  | { kind: 'needs_https' }
  /** The user is no longer signed in. */
  | { kind: 'session_over' }
  /** No answer, or an answer that says nothing about the booking. */
  | { kind: 'failed' }

const refusals = Object.keys(strings.refused) as (keyof typeof strings.refused)[]

/**
 * Books one ticket. The key identifies the attempt: when it is sent again, the answer is the
 * existing booking, not a second booking or a refusal. While the server has not decided yet, this
 * function asks again.
 */
export async function bookTicket(
  eventId: string,
  key: string,
  wait?: (seconds: number) => Promise<void>,
): Promise<Outcome> {
  const params = (proof?: string) => ({ header: { 'Idempotency-Key': key, ...proofHeader(proof) } })
  const send = (proof?: string) =>
    read(changeSchema, api.POST('/book', { params: params(proof), body: { eventId } }))
  try {
    const { data, currentStatus, isReplayed } = await untilDecided(() => withProof(send), wait)
    // It was made, but its answer was lost, and it was cancelled since: a new booking is wanted.
    if (currentStatus === 'CANCELLED') return bookTicket(eventId, newKey(), wait)
    if (isReplayed && currentStatus !== 'CONFIRMED') return { kind: 'failed' } // it may be cancelled
    return { kind: 'booked', change: data }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return outcomeOf(error)
  }
}

function outcomeOf(error: ApiError): Outcome {
  if (error.code === 'sold_out') return { kind: 'sold_out', othersWait: error.othersWait }
  const refusal = refusals.find((code) => code === error.code)
  if (refusal) return { kind: refusal }
  if (error.status === 401) return { kind: 'session_over' }
  if (error.status === 429) return { kind: 'rate_limited', seconds: error.retryAfter ?? 5 }
  if (error.status === 503 && error.code !== 'outcome_unknown' && error.retryAfter)
    return { kind: 'busy', seconds: error.retryAfter }
  if (error.code === 'needs_https') return { kind: 'needs_https' }
  if (error.status === 0 && navigator.onLine === false) return { kind: 'offline' }
  return { kind: 'failed' }
}
