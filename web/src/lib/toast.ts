import { createElement, type ReactElement } from 'react'
import { create } from 'zustand'

type Kind = 'success' | 'error' | 'info' | 'warning'

/** The region of toasts, as soon as it is loaded, and what could not be said by it. */
export const useToasts = create<{ shown?: ReactElement; unsaid?: string }>()(() => ({}))

/** How long a toast stays, in milliseconds. */
export const STAY = 7_000

/** Toasts are not needed before the first answer of a server, so they do not count against the first load. */
export async function loadToasts() {
  const toasts = await import('@/components/ui/sonner')
  if (!useToasts.getState().shown) useToasts.setState({ shown: createElement(toasts.default) })
  return toasts
}

let haveRegion: () => void
const region = new Promise<void>((resolve) => (haveRegion = resolve))

/** The region of toasts is there: what is said before would be lost, so it waits. */
export const regionIsThere = () => haveRegion()

const say = (kind: Kind) => (title: string, more?: { description: string }) =>
  void Promise.all([loadToasts(), region]).then(
    ([{ toast }]) => toast[kind](title, more),
    () => sayPlainly(more?.description ? `${title} ${more.description}` : title), // the next one asks again
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
