import { create } from 'zustand'
import { newKey } from '@/lib/new-key'

/**
 * What is known of the last attempt to book an event. It outlives the button that started it, which
 * may be on a page that the user has left.
 */
interface Attempt {
  /** Sent with every try until the outcome is known. */
  key: string
  /** `booked`: the server said so, also when the list of bookings does not show it yet. */
  phase: 'booking' | 'undecided' | 'booked'
  /** Earliest time of the next try, in milliseconds since 1970. */
  notBefore?: number
}

const store = create<Readonly<Record<string, Attempt>>>()(() => ({}))

export const useAttempt = (eventId: string): Attempt | undefined => store((s) => s[eventId])

export const useIsBooking = (): boolean =>
  store((s) => Object.values(s).some(({ phase }) => phase === 'booking'))

/** Starts an attempt, or resumes one that was not decided; undefined when one is in progress. */
export function beginAttempt(eventId: string): string | undefined {
  const previous = store.getState()[eventId]
  if (previous?.phase === 'booking') return undefined
  const key = previous?.phase === 'undecided' ? previous.key : newKey()
  store.setState({ [eventId]: { key, phase: 'booking' } })
  return key
}

/** The attempt can be repeated, with the same key. */
export function markUndecided(eventId: string, key: string, notBefore?: number): void {
  store.setState({ [eventId]: { key, phase: 'undecided', notBefore } })
}

export function markBooked(eventId: string, key: string): void {
  store.setState({ [eventId]: { key, phase: 'booked' } })
}

export function endAttempt(eventId: string): void {
  store.setState(({ [eventId]: _, ...attempts }) => attempts, true)
}

/** The booking that an attempt has made was cancelled. */
export function forgetBooked(eventId: string): void {
  if (store.getState()[eventId]?.phase === 'booked') endAttempt(eventId)
}

export const forgetAttempts = (): void => store.setState({}, true)
