import createClient from 'openapi-fetch'
import { endSession, refreshSession } from '@/lib/session/session'
import { currentSession, sessionKnown } from '@/lib/session/store'
import { ApiError } from './error'
import { API, requestOptions, send, type Watch } from './send'
import type { paths } from './schema'

export { read } from './read'

/** The API as the signed-in user. Requests wait until the session is known. */
export const api = createClient<paths>({ ...requestOptions, fetch: (request) => sendAsUser(request) })

/**
 * Requests a file from the API, its bytes unchanged. A link can't: it carries no access token. `timeout` is in
 * milliseconds; `watch` gets the parts as they come.
 */
export async function requestFile(path: string, timeout: number, watch?: Watch): Promise<File> {
  const response = await sendAsUser(new Request(API + path, requestOptions), timeout, watch)
  if (!response.ok) throw await ApiError.of(response)
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
  const type = response.headers.get('Content-Type') ?? ''
  return new File([await response.arrayBuffer()], name ?? 'boxoffice', { type })
}

/**
 * When the access token has expired, it is renewed and the same request is sent again, with the same
 * Idempotency-Key. When it can't be renewed, the session ends. A token is also renewed when it does not
 * say yet that the e-mail address was verified, perhaps on another device.
 */
async function sendAsUser(request: Request, timeout?: number, watch?: Watch): Promise<Response> {
  await sessionKnown()
  const { accessToken: token, user } = currentSession()
  const sendWith = (token: string | undefined) => {
    const copy = request.clone()
    if (token) copy.headers.set('Authorization', `Bearer ${token}`)
    return send(copy, timeout, watch)
  }
  const response = await sendWith(token)
  if (response.status !== 401 && !(await wantsVerification(response))) return response
  const renewed = await refreshSession(token)
  // Another user may have signed in meanwhile; the request is not theirs.
  if (!renewed || (user && currentSession().user?.id !== user.id)) return response
  const again = await sendWith(renewed)
  if (again.status === 401) endSession('expired')
  return again
}

async function wantsVerification(response: Response): Promise<boolean> {
  return response.status === 403 && (await ApiError.of(response.clone())).code === 'email_not_verified'
}
