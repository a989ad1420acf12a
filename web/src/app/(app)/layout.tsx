'use client'

import { useEffect, type ReactNode } from 'react'
import { Guard } from '@/features/session/components/guard'
import { SiteHeader } from '@/features/session/components/site-header'
import { restoreSession } from '@/lib/session/session'

/** All pages but the one for wrong addresses: the session decides who sees what. */
export default function AppLayout({ children }: { children: ReactNode }) {
  useEffect(() => {
    document.documentElement.dataset.ready = '' // forms work now: see guardScript
    void restoreSession()
  }, [])
  return (
    <>
      <SiteHeader />
      <main id="content" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-8 outline-none sm:px-6 sm:py-10">
        <Guard>{children}</Guard>
      </main>
    </>
  )
}
