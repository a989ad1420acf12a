import { create } from 'zustand'
import type { User } from '@/lib/api/types'

/**
 * Who is signed in. The access token lives here and nowhere else: in memory, gone with the tab. What renews it is an HttpOnly
 * cookie that no script can read.
 */
interface SessionState {
  /** `unknown` until the refresh cookie has been tried. */
  status: 'unknown' | 'anonymous' | 'signed-in'
  user: User | undefined
  accessToken: string | undefined
  /** The box office could not be asked; the session is still unknown. */
  unreachable: boolean
  /** Why the last session ended, for a word to the person who had it. */
  ended: 'expired' | 'signed-out' | undefined
  /** How it stands with telling the server of a sign-out; undefined when it knows. */
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
