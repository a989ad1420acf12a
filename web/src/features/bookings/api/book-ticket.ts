import { call } from '@/lib/api/client'
import { ApiError } from '@/lib/api/error'
import type { BookingChange } from '@/lib/api/types'

/** How an attempt to book has ended, as far as anybody can know. */
export type Outcome =
  | { kind: 'booked'; change: BookingChange }
  | { kind: 'sold_out' | 'already_booked' | 'event_cancelled' | 'event_past' | 'event_not_found' }
  /** Nothing has been decided; the server wants to be asked later. */
  | { kind: 'busy' | 'rate_limited'; seconds: number }
  | { kind: 'offline' }
  /** The person is not signed in any more. */
  | { kind: 'session_over' }
  /** No answer, or one that says nothing about the booking. */
  | { kind: 'failed' }

const refusals = ['sold_out', 'already_booked', 'event_cancelled', 'event_past', 'event_not_found'] as const

// Waits for an attempt whose outcome the server does not know yet, or is still working on.
const LOOKS = 5

/**
 * Books one ticket. The key names the attempt: sent again with the same key, a booking that was made is answered again instead of
 * being made twice or refused. What the server has not decided yet is asked for again here.
 */
export async function bookTicket(
  eventId: string,
  key: string,
  wait: (seconds: number) => Promise<void> = sleep,
): Promise<Outcome> {
  for (let look = 1; ; look++) {
    try {
      const { data } = await call<BookingChange>('/book', {
        method: 'POST',
        body: { eventId },
        idempotencyKey: key,
      })
      return { kind: 'booked', change: data }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const undecided = error.code === 'idempotency_in_progress' || error.code === 'outcome_unknown'
      if (!undecided || look === LOOKS) return outcomeOf(error)
      await wait(error.retryAfter ?? 1)
    }
  }
}

function outcomeOf(error: ApiError): Outcome {
  const refusal = refusals.find((code) => code === error.code)
  if (refusal) return { kind: refusal }
  if (error.status === 401) return { kind: 'session_over' }
  if (error.status === 429) return { kind: 'rate_limited', seconds: error.retryAfter ?? 5 }
  if (error.status === 503 && error.code !== 'outcome_unknown' && error.retryAfter)
    return { kind: 'busy', seconds: error.retryAfter }
  if (error.status === 0 && navigator.onLine === false) return { kind: 'offline' }
  return { kind: 'failed' }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
}
