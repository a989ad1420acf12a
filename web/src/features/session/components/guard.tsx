'use client'

import { Ban, PlugZap } from 'lucide-react'
import { usePathname, useRouter } from 'next/navigation'
import { useEffect, type ReactNode } from 'react'
import { Message } from '@/components/message'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import type { User } from '@/lib/api/types'
import { isDoorKept } from '@/lib/kept-door'
import { keptTickets } from '@/lib/kept-tickets'
import { accessTo, afterLogin, loginFor, paths } from '@/lib/paths'
import { finishLogout, refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { guard, signedOut } from '../strings/header'

const restoreAgain = () => void refreshSession(undefined).catch(() => undefined)

/** Admins may do at every event what its organizers may. */
const mayUse = (needed: 'organizer' | 'auditor', role: User['role'] | undefined) =>
  needed === role || (needed === 'organizer' && role === 'admin')

/**
 * Decides who sees which page. Guests are sent to the sign-in page, and members from it. While the
 * session is unknown, pages for members show what they show without data.
 */
export function Guard({ children }: { children: ReactNode }) {
  const { replace } = useRouter()
  const pathname = usePathname()
  const needed = accessTo(pathname)
  const { status, role, unreachable, ended, logout } = useGuardedSession()
  const isForGuests = needed === 'guests'
  const isWrongRole =
    (needed === 'organizer' || needed === 'auditor') && status === 'signed-in' && !mayUse(needed, role)

  useEffect(() => {
    if (isForGuests && status === 'signed-in')
      replace(afterLogin(new URLSearchParams(location.search).get('next')))
    if (needed === 'anyone') return
    // After a deliberate sign-out the user need not return here. When the server can't be reached,
    // neither can the sign-in page.
    if (!isForGuests && status === 'anonymous' && !logout)
      replace(ended && ended !== 'expired' ? paths.login : loginFor(location.pathname + location.search))
  }, [needed, isForGuests, status, ended, logout, replace])

  useEffect(() => {
    if (!unreachable) return
    addEventListener('online', restoreAgain)
    return () => removeEventListener('online', restoreAgain)
  }, [unreachable])

  if (needed === 'anyone') return children
  if (unreachable && !worksWithoutServer(pathname))
    return (
      <Message
        isPage
        icon={PlugZap}
        role="alert"
        title={guard.unreachable}
        action={<Button onClick={restoreAgain}>{guard.tryAgain}</Button>}
      >
        {guard.stillSignedIn}
      </Message>
    )
  if (isForGuests) return status === 'signed-in' ? null : <div data-guests>{children}</div>
  if (logout === 'failed')
    return (
      <Message
        isPage
        icon={PlugZap}
        role="alert"
        title={signedOut.title}
        action={<Button onClick={() => void finishLogout()}>{guard.tryAgain}</Button>}
      >
        {signedOut.body}
      </Message>
    )
  if (isWrongRole)
    return (
      <Message
        isPage
        icon={Ban}
        role="alert"
        title={guard.pageFor[needed]}
        action={<ButtonLink href={paths.events}>{guard.browse}</ButtonLink>}
      >
        {guard.noAccess}
      </Message>
    )
  return status === 'anonymous' ? null : children
}

/** Tickets are shown without the server, and checked in. */
const worksWithoutServer = (pathname: string) =>
  (pathname === paths.bookings && keptTickets()) || (pathname.startsWith(paths.door('')) && isDoorKept())

function useGuardedSession() {
  return {
    status: useSession((s) => s.status),
    role: useSession((s) => s.user?.role),
    unreachable: useSession((s) => s.unreachable),
    ended: useSession((s) => s.ended),
    logout: useSession((s) => s.logout),
  }
}
