import { createElement, type ReactElement } from 'react'
import { create } from 'zustand'

type Kind = 'success' | 'error' | 'info' | 'warning'

/** The region of toasts, once it is loaded, and the messages that it could not show. */
export const useToasts = create<{ shown?: ReactElement; plainText?: string }>()(() => ({}))

/** The time that a toast stays, in milliseconds. */
export const TOAST_DURATION = 7_000

/**
 * Toasts are not needed before the first answer of the server, so they are not in the first load.
 */
export async function loadToasts() {
  const toasts = await import('@/components/ui/sonner')
  if (!useToasts.getState().shown) useToasts.setState({ shown: createElement(toasts.default) })
  return toasts
}

let resolveRegion: () => void
const region = new Promise<void>((resolve) => (resolveRegion = resolve))

/** The region of toasts is mounted. Toasts shown earlier would be lost, so they wait for it. */
export const markRegionMounted = () => resolveRegion()

const show = (kind: Kind) => (title: string, more?: { description: string }) =>
  void Promise.all([loadToasts(), region]).then(
    ([{ toast }]) => toast[kind](title, more),
    // The next toast tries again.
    () => showPlainly(more?.description ? `${title} ${more.description}` : title),
  )

function showPlainly(plainText: string): void {
  useToasts.setState({ plainText })
  setTimeout(
    () => useToasts.setState((state) => (state.plainText === plainText ? { plainText: undefined } : state)),
    TOAST_DURATION,
  )
}

export const toast = {
  success: show('success'),
  error: show('error'),
  info: show('info'),
  warning: show('warning'),
}
