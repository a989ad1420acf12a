import { refreshSession } from '@/lib/session/session'

/**
 * The message, and the retry, of every page while the session can't be restored: the user is still
 * unknown.
 */
export const unreachableText = {
  title: 'The box office can’t be reached',
  body: 'Your session is safe. Check your connection, then try again.',
  again: 'Try again',
}

export function askAgain(): void {
  refreshSession(undefined).catch(() => undefined)
}
