import { create } from 'zustand'
import type { Hold } from '@/lib/api/types'

/** The last hold of each event whose time ran out, until it is read or the user tries again. */
const store = create<Readonly<Record<string, Hold>>>()(() => ({}))

export const useLapse = (eventId: string): Hold | undefined => store((s) => s[eventId])

/** Returns false when it is known already. */
export function markLapsed(hold: Hold): boolean {
  if (store.getState()[hold.eventId]?.id === hold.id) return false
  store.setState({ [hold.eventId]: hold })
  return true
}

export function forgetLapse(eventId: string): void {
  store.setState(({ [eventId]: _, ...others }) => others, true)
}

export const forgetLapses = (): void => store.setState({}, true)
