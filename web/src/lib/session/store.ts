import { create } from 'zustand'
import type { User } from '@/lib/api/types'

/**
 * The signed-in user. The access token is kept only here, in memory, and is lost with the tab. It
 * is renewed with an HttpOnly cookie that no script can read.
 */
interface SessionState {
  /** `unknown` until the refresh cookie has been tried. */
  status: 'unknown' | 'anonymous' | 'signed-in'
  user: User | undefined
  accessToken: string | undefined
  /** The server could not be reached; the session is still unknown. */
  unreachable: boolean
  /** Why the last session ended, for a message to the user. */
  ended: 'expired' | 'signed-out' | undefined
  /** The state of a logout that the server has not confirmed; undefined when there is none. */
  logout: 'sending' | 'failed' | undefined
}

export const useSession = create<SessionState>()(() => ({
  status: 'unknown',
  user: undefined,
  accessToken: undefined,
  unreachable: false,
  ended: undefined,
  logout: undefined,
}))
