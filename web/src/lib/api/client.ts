import { endSession, refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { ApiError } from './error'
import { send, type Request } from './send'

export interface Answer<T> {
  data: T
  /** Where in the log the answer stands; with `after`, a later read sees at least this much. */
  position: number | undefined
}

/**
 * Asks the API as the person who is signed in. An access token that has expired is renewed and the request is sent again, as it
 * was, so that an Idempotency-Key stays the same. Without a session that can be renewed, the session ends.
 */
export async function call<T>(path: string, request: Request = {}): Promise<Answer<T>> {
  const token = useSession.getState().accessToken
  let response = await send(path, request, token)
  if (response.status === 401) {
    const renewed = await refreshSession(token)
    if (!renewed) throw await ApiError.of(response)
    response = await send(path, request, renewed)
    if (response.status === 401) endSession('expired')
  }
  if (!response.ok) throw await ApiError.of(response)
  return {
    data: (response.status === 204 ? undefined : await body<T>(response)) as T,
    position: Number(response.headers.get('Log-Position')) || undefined,
  }
}

async function body<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T
  } catch {
    throw ApiError.network() // the connection broke in the middle of the answer
  }
}
