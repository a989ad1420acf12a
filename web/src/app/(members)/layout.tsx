import type { ReactNode } from 'react'
import { SiteHeader } from '@/features/session/components/site-header'

export default function MembersLayout({ children }: { children: ReactNode }) {
  return (
    <>
      <SiteHeader members />
      <main id="content" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-8 outline-none sm:px-6 sm:py-10">
        {children}
      </main>
    </>
  )
}
