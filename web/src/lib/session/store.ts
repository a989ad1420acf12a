import { create } from 'zustand'
import type { Session, User } from '@/lib/api/types'

/** `elsewhere`: the user has signed out in another tab; `deleted`: the account is gone. */
export type Ended = 'expired' | 'signed-out' | 'elsewhere' | 'deleted'

/**
 * The signed-in user. The access token is kept only here, in memory, and is lost with the tab. It
 * is renewed with an HttpOnly cookie that no script can read.
 */
interface SessionState {
  /** `unknown` until the refresh cookie has been tried. */
  status: 'unknown' | 'anonymous' | 'signed-in'
  user?: User
  accessToken?: string
  /** The server could not be reached; the session is still unknown. */
  unreachable: boolean
  /** Why the last session ended, for a message to the user. */
  ended?: Ended
  /** The state of a logout that the server has not confirmed; undefined when there is none. */
  logout?: 'sending' | 'failed'
}

const initial: SessionState = { status: 'unknown', unreachable: false }
const store = create<SessionState>()(() => initial)

export const useSession = <T>(select: (session: SessionState) => T): T => store(select)
export const currentSession = (): SessionState => store.getState()

export function sessionStarted({ user, accessToken }: Session): void {
  store.setState({ status: 'signed-in', user, accessToken, unreachable: false }, true)
}

export function sessionEnded(ended: SessionState['ended'], logout?: SessionState['logout']): void {
  store.setState({ status: 'anonymous', unreachable: false, ended, logout }, true)
}

/** The server can't be reached. A session that is known stays. */
export function serverUnreachable(): void {
  store.setState(({ status }) => ({ unreachable: status === 'unknown' }))
}

export const logoutChanged = (logout: SessionState['logout']): void => store.setState({ logout })

export const forgetSession = (): void => store.setState(initial, true)

/** Resolves when it is known whether there is a session. */
export function sessionKnown(): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (currentSession().status === 'unknown') return
      unsubscribe()
      resolve()
    }
    const unsubscribe = store.subscribe(check)
    check()
  })
}
