import type { MouseEvent } from 'react'

/** Whether a click on a link asks for nothing but to go there. With a key held down it asks for a new tab, a window or a file. */
export function isPlainClick(e: MouseEvent): boolean {
  return !(e.metaKey || e.ctrlKey || e.shiftKey || e.altKey)
}
