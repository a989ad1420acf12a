import { ApiError } from '@/lib/api/error'

type Sent = Promise<{ error?: unknown; response: Response }>

/** For answers without a body. Throws an ApiError when the server refused. */
export async function done(request: Sent): Promise<void> {
  const { error, response } = await request
  if (!response.ok) throw await ApiError.of(response, error)
}
