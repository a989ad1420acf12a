'use client'

import { useRouter } from 'next/navigation'
import { PageLink } from '@/components/page-link'
import { isPlainClick } from '@/lib/plain-click'
import { keepNext } from './guests'

export function GuestLink({ to, children }: { to: string; children: string }) {
  const { push } = useRouter()
  return (
    <PageLink
      href={to}
      onClick={(e) => {
        const target = keepNext(to)
        if (target === to || !isPlainClick(e)) return
        e.preventDefault()
        push(target)
      }}
      className="inline-flex min-h-6 items-center rounded-sm font-semibold text-stamp underline underline-offset-4 hover:text-stamp-strong"
    >
      {children}
    </PageLink>
  )
}
