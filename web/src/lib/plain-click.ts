import type { MouseEvent } from 'react'

/**
 * Whether a click on a link is a plain navigation. With a modifier key it opens a new tab or
 * window, or downloads.
 */
export function isPlainClick(e: MouseEvent): boolean {
  return !(e.metaKey || e.ctrlKey || e.shiftKey || e.altKey)
}
