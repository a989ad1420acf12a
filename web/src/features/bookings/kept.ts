import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { array, object, parseJson, pipe, safeParse, string } from 'valibot'
import { BookingWithEvent as bookingSchema } from '@/lib/api/schemas'
import type { BookingWithEvent, User } from '@/lib/api/types'
import { forgetTickets, keptTickets, writeTickets } from '@/lib/kept-tickets'
import { useSession } from '@/lib/session/store'

/** Enough for a wallet, and little for a browser's storage. */
const MOST = 50

export type Holder = Pick<User, 'id' | 'name' | 'email'>

const schema = pipe(
  string(),
  parseJson(),
  object({
    holder: object({ id: string(), name: string(), email: string() }),
    tickets: array(bookingSchema),
  }),
)

/** The user, and the tickets that were kept when they were shown last; both as far as known. */
export function useKept(): { holder?: Holder; tickets?: BookingWithEvent[] } {
  const user = useSession((s) => s.user)
  const text = useSyncExternalStore(nothing, keptTickets, () => null)
  return useMemo(() => {
    const { success, output } = safeParse(schema, text)
    // Another user's are never shown.
    return success && (!user || output.holder.id === user.id) ? output : { holder: user }
  }, [text, user])
}

/** Keeps these tickets, of which the next come first, and the page itself. */
export function useKeeping(tickets: BookingWithEvent[] | undefined): void {
  const user = useSession((s) => s.user)
  const isWorthIt = tickets && tickets.length > 0
  const text =
    user &&
    isWorthIt &&
    JSON.stringify({
      holder: { id: user.id, name: user.name, email: user.email },
      tickets: tickets.slice(0, MOST),
    })
  useEffect(() => {
    if (text) writeTickets(text)
    else if (isWorthIt === false) forgetTickets()
  }, [text, isWorthIt])
  useEffect(() => {
    if (!isWorthIt) return
    const keep = () => import('./offline').then(({ keepTicketPage }) => keepTicketPage())
    // After what the page itself loads. Without a network there is nothing to keep.
    const timer = setTimeout(() => void keep().catch(() => undefined), 1_000)
    return () => clearTimeout(timer)
  }, [isWorthIt])
}

const nothing = () => () => {}
