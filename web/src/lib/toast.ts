import { createElement, type ReactElement } from 'react'
import type { ExternalToast } from 'sonner'
import { create } from 'zustand'

type Kind = 'success' | 'error' | 'info' | 'warning'

/** The region of toasts, as soon as it is loaded. */
export const useToasts = create<{ shown: ReactElement | undefined }>()(() => ({ shown: undefined }))

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

const say = (kind: Kind) => (title: string, more?: Pick<ExternalToast, 'description'>) =>
  void Promise.all([loadToasts(), region]).then(
    ([{ toast }]) => toast[kind](title, more),
    () => undefined, // without the network there is no way to say it; the next one asks again
  )

export const toast = {
  success: say('success'),
  error: say('error'),
  info: say('info'),
  warning: say('warning'),
}
