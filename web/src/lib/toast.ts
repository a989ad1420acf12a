import type { ExternalToast, toast as Sonner } from 'sonner'

let start: (toast: typeof Sonner) => void
const region = new Promise<typeof Sonner>((resolve) => (start = resolve))

/** The region of toasts is mounted: those from before are shown now. */
export const startToasts = (toast: typeof Sonner): void => start(toast)

const show = (kind: 'success' | 'error' | 'info' | 'warning') => (text: string, options?: ExternalToast) =>
  void region.then((toast) => toast[kind](text, options))

/** Toasts. Their library is loaded after the page: see Toaster. */
export const toast = {
  success: show('success'),
  error: show('error'),
  info: show('info'),
  warning: show('warning'),
}
