import { ApiError } from './error'

export interface Request {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  idempotencyKey?: string
  /** The version that a change is based on. */
  ifMatch?: number
  /** The position of the log that the answer has to contain. */
  after?: number
  signal?: AbortSignal
  headers?: Record<string, string>
  /** How long the whole answer may take, in milliseconds. */
  timeout?: number
}

// Longer than the slowest booking, whose delay is at most a minute.
const TIMEOUT = 75_000

/** One HTTP exchange with the API of the same origin. Throws an ApiError when there is no answer. */
export async function send(path: string, request: Request, token?: string): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...request.headers }
  if (token) headers.Authorization = `Bearer ${token}`
  if (request.body !== undefined) headers['Content-Type'] = 'application/json'
  if (request.idempotencyKey) headers['Idempotency-Key'] = request.idempotencyKey
  if (request.ifMatch !== undefined) headers['If-Match'] = `"${request.ifMatch}"`
  if (request.after !== undefined) headers['Min-Log-Position'] = String(request.after)

  const timeout = AbortSignal.timeout(request.timeout ?? TIMEOUT)
  try {
    return await fetch(`/api${path}`, {
      method: request.method ?? 'GET',
      headers,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
      credentials: 'same-origin',
      cache: 'no-cache', // ask again with the ETag: counts are never taken from a cache unasked
    })
  } catch (error) {
    if (request.signal?.aborted) throw error
    throw ApiError.network()
  }
}

/** Reads a body to its end. Throws an ApiError when the connection breaks in the middle of it. */
export async function whole<T>(body: Promise<T>): Promise<T> {
  try {
    return await body
  } catch {
    throw ApiError.network()
  }
}
