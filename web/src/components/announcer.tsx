'use client'

import { create } from 'zustand'

const useAnnouncement = create<{ text: string }>()(() => ({ text: '' }))

/** Announces a visual change to screen readers. */
export function announce(text: string): void {
  useAnnouncement.setState({ text })
}

/**
 * The live region of the app. It is never unmounted: a region that is added together with its text
 * is often not read out.
 */
export function Announcer() {
  const text = useAnnouncement((s) => s.text)
  return (
    <p aria-live="polite" aria-atomic="true" data-slot="announcer" className="sr-only">
      {text}
    </p>
  )
}
