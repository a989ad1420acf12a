import { endSession, refreshSession } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { ApiError } from './error'
import { send, readBody, type Request } from './send'

interface Answer<T> {
  data: T
  /** The log position of the answer. A later read with it as `after` sees at least this state. */
  position: number | undefined
}

/** A file from the API: its bytes, unchanged, and its name. */
interface ApiFile {
  name: string
  content: Blob
}

/** Requests JSON from the API. */
export async function call<T>(path: string, request: Request = {}): Promise<Answer<T>> {
  const response = await ask(path, request)
  return {
    data: (response.status === 204 ? undefined : await readBody(response.json())) as T,
    position: Number(response.headers.get('Log-Position')) || undefined,
  }
}

/** Requests a file from the API. A link can't: it carries no access token. */
export async function requestFile(path: string, request: Request = {}): Promise<ApiFile> {
  const response = await ask(path, request)
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
  return { name: name ?? 'boxoffice', content: await readBody(response.blob()) }
}

/**
 * Sends a request as the signed-in user. When the access token has expired, it is renewed and the
 * same request is sent again, with the same Idempotency-Key. When it can't be renewed, the session
 * ends.
 */
async function ask(path: string, request: Request): Promise<Response> {
  const { accessToken: token, user } = useSession.getState()
  let response = await send(path, request, token)
  if (response.status === 401) {
    const renewed = await refreshSession(token)
    // Another user may have signed in meanwhile; the request is not theirs.
    if (!renewed || (user && useSession.getState().user?.id !== user.id)) throw await ApiError.of(response)
    response = await send(path, request, renewed)
    if (response.status === 401) endSession('expired')
  }
  if (!response.ok) throw await ApiError.of(response)
  return response
}
