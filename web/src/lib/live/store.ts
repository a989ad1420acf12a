import { useMemo } from 'react'
import { create } from 'zustand'
import type { Event } from '@/lib/api/types'

/** The fields of an event that are pushed. The version decides which of two values is newer. */
export interface Change {
  eventId: string
  version: number
  remainingTickets: number
  totalTickets?: number
  status?: Event['status']
}

interface LiveState {
  changes: Readonly<Record<string, Change>>
  /**
   * `live`: pushed by the server. `polling`: fetched every few seconds. `offline`: neither works.
   */
  connection: 'connecting' | 'live' | 'polling' | 'offline'
}

export const useLive = create<LiveState>()(() => ({ changes: {}, connection: 'connecting' }))

/**
 * Stores a change, unless a newer one is known: answers and pushes may overtake each other, and
 * counts must not go back.
 */
export function applyChange(change: Change): void {
  useLive.setState((state) => {
    const known = state.changes[change.eventId]
    if (known && known.version >= change.version) return state
    return { changes: { ...state.changes, [change.eventId]: { ...known, ...change } } }
  })
}

/** Records the meaning of a refused booking: no tickets are left, at least at the version shown. */
export function markSoldOut(event: Event): void {
  useLive.setState((state) => {
    const known = state.changes[event.id]
    const version = Math.max(known?.version ?? 0, event.version)
    return {
      changes: {
        ...state.changes,
        [event.id]: { ...known, eventId: event.id, version, remainingTickets: 0 },
      },
    }
  })
}

export function forgetChanges(): void {
  useLive.setState({ changes: {} })
}

/** The event with its newest known counts. */
export function withChange(event: Event, change: Change | undefined): Event {
  if (!change || change.version < event.version) return event
  return {
    ...event,
    version: change.version,
    remainingTickets: change.remainingTickets,
    totalTickets: change.totalTickets ?? event.totalTickets,
    status: change.status ?? event.status,
  }
}

/** Subscribes to one event: only its own changes cause a render. */
export function useLiveEvent(event: Event): Event {
  const change = useLive((state) => state.changes[event.id])
  return useMemo(() => withChange(event, change), [event, change])
}
