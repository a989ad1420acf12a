import { endSession, refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { ApiError } from './error'
import { send, whole, type Request } from './send'

interface Answer<T> {
  data: T
  /** Where in the log the answer stands; with `after`, a later read sees at least this much. */
  position: number | undefined
}

/** A file that the API has given: its bytes, unchanged, and the name that goes with them. */
interface ApiFile {
  name: string
  content: Blob
}

/** Asks the API for JSON. */
export async function call<T>(path: string, request: Request = {}): Promise<Answer<T>> {
  const response = await ask(path, request)
  return {
    data: (response.status === 204 ? undefined : await whole(response.json())) as T,
    position: Number(response.headers.get('Log-Position')) || undefined,
  }
}

/** Asks the API for a file. Links can't: they carry no access token. */
export async function callForFile(path: string, request: Request = {}): Promise<ApiFile> {
  const response = await ask(path, request)
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
  return { name: name ?? 'boxoffice', content: await whole(response.blob()) }
}

/**
 * Asks the API as the person who is signed in. An access token that has expired is renewed and the request is sent again, as it
 * was, so that an Idempotency-Key stays the same. Without a session that can be renewed, the session ends.
 */
async function ask(path: string, request: Request): Promise<Response> {
  const { accessToken: token, user } = useSession.getState()
  let response = await send(path, request, token)
  if (response.status === 401) {
    const renewed = await refreshSession(token)
    // Somebody else may have signed in meanwhile; the request is not theirs.
    if (!renewed || (user && useSession.getState().user?.id !== user.id)) throw await ApiError.of(response)
    response = await send(path, request, renewed)
    if (response.status === 401) endSession('expired')
  }
  if (!response.ok) throw await ApiError.of(response)
  return response
}
