import type { ReactNode } from 'react'
import { SiteHeader } from '@/features/session/components/site-header'
import { Guests } from '@/features/session/components/guests'

export default function GuestsLayout({ children }: { children: ReactNode }) {
  return (
    <>
      <SiteHeader />
      <main id="content" tabIndex={-1} className="px-4 py-10 outline-none sm:py-16">
        <Guests>{children}</Guests>
      </main>
    </>
  )
}
