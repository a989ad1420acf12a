import { createElement, type ReactElement } from 'react'
import { create } from 'zustand'

type Kind = 'success' | 'error' | 'info' | 'warning'

/** The region of toasts, once it is loaded, and the messages that it could not show. */
export const useToasts = create<{ shown?: ReactElement; unsaid?: string }>()(() => ({}))

/** The time that a toast stays, in milliseconds. */
export const STAY = 7_000

/**
 * Toasts are not needed before the first answer of the server, so they are not in the first load.
 */
export async function loadToasts() {
  const toasts = await import('@/components/ui/sonner')
  if (!useToasts.getState().shown) useToasts.setState({ shown: createElement(toasts.default) })
  return toasts
}

let haveRegion: () => void
const region = new Promise<void>((resolve) => (haveRegion = resolve))

/** The region of toasts is mounted. Toasts shown earlier would be lost, so they wait for it. */
export const regionIsThere = () => haveRegion()

const say = (kind: Kind) => (title: string, more?: { description: string }) =>
  void Promise.all([loadToasts(), region]).then(
    ([{ toast }]) => toast[kind](title, more),
    // The next toast tries again.
    () => sayPlainly(more?.description ? `${title} ${more.description}` : title),
  )

function sayPlainly(unsaid: string): void {
  useToasts.setState({ unsaid })
  setTimeout(
    () => useToasts.setState((state) => (state.unsaid === unsaid ? { unsaid: undefined } : state)),
    STAY,
  )
}

export const toast = {
  success: say('success'),
  error: say('error'),
  info: say('info'),
  warning: say('warning'),
}
