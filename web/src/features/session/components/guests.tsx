'use client'

import { useRouter } from 'next/navigation'
import { useEffect, type ReactNode } from 'react'
import { PageHeading } from '@/components/page-heading'
import { Button } from '@/components/ui/button'
import { afterLogin, withNext } from '@/lib/paths'
import { useSession } from '@/lib/session/store'
import { askAgain, unreachableText } from '../unreachable'

/** Shows its children to guests, and redirects signed-in users to the page that they asked for. */
export function Guests({ children }: { children: ReactNode }) {
  const { replace } = useRouter()
  const status = useSession((s) => s.status)
  const unreachable = useSession((s) => s.unreachable)
  useEffect(() => {
    if (status === 'signed-in') replace(afterLogin(new URLSearchParams(location.search).get('next')))
  }, [status, replace])
  // Not beside the form, which stays hidden while a session may be restored.
  if (unreachable)
    return (
      // Without the Message component of pages for members: nothing else here needs its code.
      <div role="alert" className="mx-auto grid max-w-md justify-items-center gap-4 text-center">
        <PageHeading className="text-3xl">{unreachableText.title}</PageHeading>
        <p className="text-soft">{unreachableText.body}</p>
        <Button onClick={askAgain}>{unreachableText.again}</Button>
      </div>
    )
  return status === 'signed-in' ? null : children
}

/** A link to the other page for guests, which keeps the path to open afterwards. */
export function keepNext(path: string): string {
  const next = typeof location === 'undefined' ? null : new URLSearchParams(location.search).get('next')
  return next ? withNext(path, next) : path
}
