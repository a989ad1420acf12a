'use client'

import Link from 'next/link'
import { useSyncExternalStore } from 'react'
import { withNext } from '@/lib/paths'

const next = () => new URLSearchParams(location.search).get('next')
const never = () => () => undefined

/** A link to the other page for guests, which keeps the path to open afterwards. */
export function GuestLink({ to, children }: { to: string; children: string }) {
  const wanted = useSyncExternalStore(never, next, () => null)
  return (
    <Link
      href={wanted ? withNext(to, wanted) : to}
      className="inline-flex min-h-6 items-center rounded-sm font-semibold text-stamp underline underline-offset-4 hover:text-stamp-strong"
    >
      {children}
    </Link>
  )
}
