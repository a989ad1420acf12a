import { create } from 'zustand'
import { newKey } from '@/lib/new-key'

/**
 * The attempt in progress for an event. It outlives the button that started it, which may be on a
 * page that the user has left.
 */
interface Attempt {
  /** Sent with every try until the outcome is known. */
  key: string
  phase: 'booking' | 'undecided'
  /** Earliest time of the next try, in milliseconds since 1970. */
  notBefore?: number
}

interface Attempts {
  attempts: Readonly<Record<string, Attempt>>
}

export const useAttempts = create<Attempts>()(() => ({ attempts: {} }))

/** Starts an attempt, or resumes one that was not decided; undefined when one is in progress. */
export function beginAttempt(eventId: string): string | undefined {
  const previous = useAttempts.getState().attempts[eventId]
  if (previous?.phase === 'booking') return undefined
  const key = previous?.key ?? newKey()
  set(eventId, { key, phase: 'booking' })
  return key
}

/** The attempt can be repeated, with the same key. */
export function markUndecided(eventId: string, key: string, notBefore?: number): void {
  set(eventId, { key, phase: 'undecided', notBefore })
}

export function endAttempt(eventId: string): void {
  useAttempts.setState(({ attempts: { [eventId]: _, ...attempts } }) => ({ attempts }))
}

export function forgetAttempts(): void {
  useAttempts.setState({ attempts: {} })
}

function set(eventId: string, attempt: Attempt): void {
  useAttempts.setState(({ attempts }) => ({ attempts: { ...attempts, [eventId]: attempt } }))
}
