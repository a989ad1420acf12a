import type { ReactNode } from 'react'
import { Account } from '@/features/session/components/account'
import { SiteHeader } from '@/features/session/components/site-header'
import { MemberProviders } from './member-providers'

export default function MembersLayout({ children }: { children: ReactNode }) {
  return (
    <MemberProviders>
      <SiteHeader account={<Account />} />
      <main id="content" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-8 outline-none sm:px-6 sm:py-10">
        {children}
      </main>
    </MemberProviders>
  )
}
