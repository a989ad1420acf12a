import { useMemo } from 'react'
import { create } from 'zustand'
import type { Event } from '@/lib/api/types'

/** What changes of an event while people look at it. The version says which of two of these is newer. */
export interface Change {
  eventId: string
  version: number
  remainingTickets: number
  totalTickets?: number
  status?: Event['status']
}

interface LiveState {
  changes: Readonly<Record<string, Change>>
  /** `live`: pushed by the server. `polling`: asked for every few seconds. `offline`: neither works. */
  connection: 'connecting' | 'live' | 'polling' | 'offline'
}

export const useLive = create<LiveState>()(() => ({ changes: {}, connection: 'connecting' }))

/** Takes a change over, unless a newer one is known: answers and pushes may overtake each other, counts never go back. */
export function applyChange(change: Change): void {
  useLive.setState((state) => {
    const known = state.changes[change.eventId]
    if (known && known.version >= change.version) return state
    return { changes: { ...state.changes, [change.eventId]: { ...known, ...change } } }
  })
}

/** Notes what a refused booking told: this event has nothing left, at least as of the version that is shown. */
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

/** The event with the newest counts that are known of it. */
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

/** Follows one event: only its own changes render again. */
export function useLiveEvent(event: Event): Event {
  const change = useLive((state) => state.changes[event.id])
  return useMemo(() => withChange(event, change), [event, change])
}
