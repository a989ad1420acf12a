import { useState } from 'react'

/**
 * Returns the focus to the element that opened a dialog or, if that is gone, to the heading of the
 * page.
 */
export function useReturnFocus(): (event: globalThis.Event) => void {
  const [opener] = useState(() => document.activeElement)
  return (event) => {
    event.preventDefault()
    const exists = opener instanceof HTMLElement && opener.isConnected
    const target = exists ? opener : document.querySelector<HTMLElement>('h1')
    target?.focus({ preventScroll: !exists })
  }
}
