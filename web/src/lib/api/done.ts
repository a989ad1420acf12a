import { ApiError } from './error'

type Sent = Promise<{ error?: unknown; response: Response }>

/** For answers without a body. Throws an ApiError when the server refused. Returns the log position. */
export async function done(request: Sent): Promise<number | undefined> {
  const { error, response } = await request
  if (!response.ok) throw await ApiError.of(response, error)
  return Number(response.headers.get('Log-Position')) || undefined
}
