import type { ExternalToast } from 'sonner'

type Kind = 'success' | 'error' | 'info' | 'warning'

/** Toasts are not needed before the first answer of a server, so they do not count against the first load. */
export const loadToasts = () => import('@/components/ui/sonner')

let haveRegion: () => void
const region = new Promise<void>((resolve) => (haveRegion = resolve))

/** The region of toasts is there: what is said before would be lost, so it waits. */
export const regionIsThere = () => haveRegion()

const say = (kind: Kind) => (title: string, more?: Pick<ExternalToast, 'description'>) =>
  void Promise.all([loadToasts(), region]).then(([{ toast }]) => toast[kind](title, more))

export const toast = {
  success: say('success'),
  error: say('error'),
  info: say('info'),
  warning: say('warning'),
}
