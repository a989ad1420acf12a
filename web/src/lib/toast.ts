import type { ExternalToast } from 'sonner'

type Kind = 'success' | 'error' | 'info' | 'warning'

/** Toasts are not needed before the first answer of a server, so they do not count against the first load. */
export const loadToasts = () => import('sonner')

const say = (kind: Kind) => (title: string, more?: Pick<ExternalToast, 'description'>) =>
  void loadToasts().then(({ toast }) => toast[kind](title, more))

export const toast = {
  success: say('success'),
  error: say('error'),
  info: say('info'),
  warning: say('warning'),
}
