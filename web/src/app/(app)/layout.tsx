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
      <main id="content" tabIndex={-1} className="page py-section outline-none">
        <Guard>{children}</Guard>
      </main>
    </>
  )
}
