'use client'

import { PlugZap } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useDeferredValue, useEffect, type ReactNode } from 'react'
import { Message } from '@/components/message'
import { Button } from '@/components/ui/button'
import type { User } from '@/lib/api/types'
import { loginFor, paths } from '@/lib/paths'
import { finishLogout } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { signedOutText } from '../signed-out'
import { askAgain, unreachableText } from '../unreachable'

/**
 * Shows its children to signed-in users, and `waiting` until the session is known; guests are sent
 * to the sign-in page.
 */
export function Members({
  children,
  waiting,
  role,
}: {
  children: ReactNode
  waiting: ReactNode
  role?: User['role']
}) {
  const { replace } = useRouter()
  const status = useSession((s) => s.status)
  const actual = useSession((s) => s.user?.role)
  const unreachable = useSession((s) => s.unreachable)
  const ended = useSession((s) => s.ended)
  const logout = useSession((s) => s.logout)
  const wrongRole = status === 'signed-in' && role !== undefined && actual !== role
  const isAllowed = status === 'signed-in' && !wrongRole
  // A page is rendered in slices, so that the browser stays responsive.
  const isShown = useDeferredValue(isAllowed)

  useEffect(() => {
    if (wrongRole) replace(paths.events)
    // After a deliberate sign-out the user need not return here. When the server can't be reached,
    // neither can the sign-in page.
    if (status === 'anonymous' && !logout)
      replace(ended === 'signed-out' ? paths.login : loginFor(location.pathname + location.search))
  }, [status, ended, logout, wrongRole, replace])

  if (unreachable)
    return (
      <Message
        isPage
        icon={PlugZap}
        role="alert"
        title={unreachableText.title}
        action={<Button onClick={askAgain}>{unreachableText.again}</Button>}
      >
        {unreachableText.body}
      </Message>
    )
  if (logout === 'failed')
    return (
      <Message
        isPage
        icon={PlugZap}
        role="alert"
        title={signedOutText.title}
        action={<Button onClick={() => void finishLogout()}>{signedOutText.again}</Button>}
      >
        {signedOutText.body}
      </Message>
    )
  return isAllowed && isShown ? children : waiting
}
