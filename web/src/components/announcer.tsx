'use client'

import { create } from 'zustand'

const useAnnouncement = create<{ text: string }>()(() => ({ text: '' }))

/** Has a screen reader say something that can only be seen otherwise. */
export function announce(text: string): void {
  useAnnouncement.setState({ text })
}

/** The live region of the whole program. It is never unmounted: regions that come with their text are often not read out. */
export function Announcer() {
  const text = useAnnouncement((s) => s.text)
  return (
    <p aria-live="polite" aria-atomic="true" data-slot="announcer" className="sr-only">
      {text}
    </p>
  )
}
