import type { ExternalToast, toast as Sonner } from 'sonner'

let start: (toast: typeof Sonner) => void
const region = new Promise<typeof Sonner>((resolve) => (start = resolve))

// Toasts appear at the top, where a control that was pressed may be.
const TOP = 240 // pixels; the header, and a toast of three lines
let pressed: Element | null = null

/** The region of toasts is mounted: those from before are shown now. */
export function startToasts(toast: typeof Sonner): () => void {
  const notePressed = ({ target }: MouseEvent) =>
    (pressed = target instanceof Element ? target.closest('button, a, input') : null)
  document.addEventListener('click', notePressed, true) // keys click too
  start(toast)
  return () => document.removeEventListener('click', notePressed, true)
}

function place(): ExternalToast['position'] {
  const box = pressed?.isConnected && pressed.getBoundingClientRect()
  return box && box.bottom > 0 && box.top < TOP ? 'bottom-center' : 'top-center'
}

const show = (kind: 'success' | 'error' | 'info' | 'warning') => (text: string, options?: ExternalToast) =>
  void region.then((toast) => toast[kind](text, { position: place(), ...options }))

/** Toasts, which never cover the control that was pressed. Their library is loaded after the page: see Toaster. */
export const toast = {
  success: show('success'),
  error: show('error'),
  info: show('info'),
  warning: show('warning'),
}
