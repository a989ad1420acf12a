'use client'

import { Ban, PlugZap } from 'lucide-react'
import Link from 'next/link'
import { usePathname, useRouter } from 'next/navigation'
import { useEffect, type ReactNode } from 'react'
import { Message } from '@/components/message'
import { Button, buttonVariants } from '@/components/ui/button'
import { keptTickets } from '@/lib/kept-tickets'
import { accessTo, afterLogin, loginFor, paths } from '@/lib/paths'
import { finishLogout, refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { signedOutText } from '../texts'

const restoreAgain = () => void refreshSession(undefined).catch(() => undefined)

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
  const isWrongRole = status === 'signed-in' && !isForGuests && needed !== 'members' && needed !== role

  useEffect(() => {
    if (isForGuests && status === 'signed-in')
      replace(afterLogin(new URLSearchParams(location.search).get('next')))
    // After a deliberate sign-out the user need not return here. When the server can't be reached,
    // neither can the sign-in page.
    if (!isForGuests && status === 'anonymous' && !logout)
      replace(ended && ended !== 'expired' ? paths.login : loginFor(location.pathname + location.search))
  }, [isForGuests, status, ended, logout, replace])

  useEffect(() => {
    if (!unreachable) return
    addEventListener('online', restoreAgain)
    return () => removeEventListener('online', restoreAgain)
  }, [unreachable])

  // Tickets are shown without the server.
  if (unreachable && !(pathname === paths.bookings && keptTickets()))
    return (
      <Message
        isPage
        icon={PlugZap}
        role="alert"
        title="The box office can’t be reached"
        action={<Button onClick={restoreAgain}>Try again</Button>}
      >
        Your session is safe. Check your connection, then try again.
      </Message>
    )
  if (isForGuests) return status === 'signed-in' ? null : children
  if (logout === 'failed')
    return (
      <Message
        isPage
        icon={PlugZap}
        role="alert"
        title={signedOutText.title}
        action={<Button onClick={() => void finishLogout()}>Try again</Button>}
      >
        {signedOutText.body}
      </Message>
    )
  if (isWrongRole)
    return (
      <Message
        isPage
        icon={Ban}
        role="alert"
        title={`This page is for ${needed}s`}
        action={
          <Link className={buttonVariants()} href={paths.events}>
            Browse events
          </Link>
        }
      >
        Your account can’t open it. Sign in with another account if you have one.
      </Message>
    )
  return status === 'anonymous' ? null : children
}

function useGuardedSession() {
  return {
    status: useSession((s) => s.status),
    role: useSession((s) => s.user?.role),
    unreachable: useSession((s) => s.unreachable),
    ended: useSession((s) => s.ended),
    logout: useSession((s) => s.logout),
  }
}
