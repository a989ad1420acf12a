import { ApiError } from './error'

export interface Request {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  idempotencyKey?: string
  /** The version that a change is based on. */
  ifMatch?: number
  /** The log position that the answer must include. */
  after?: number
  signal?: AbortSignal
  headers?: Record<string, string>
  /** The time limit of the whole answer, in milliseconds. */
  timeout?: number
  /** The request outlives the page. */
  keepalive?: boolean
}

// Longer than the slowest booking, whose delay is at most a minute.
const TIMEOUT = 75_000

/**
 * One HTTP exchange with the API of the same origin. Throws an ApiError when there is no answer.
 */
export async function send(path: string, request: Request, token?: string): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...request.headers }
  if (token) headers.Authorization = `Bearer ${token}`
  if (request.body !== undefined) headers['Content-Type'] = 'application/json'
  if (request.idempotencyKey) headers['Idempotency-Key'] = request.idempotencyKey
  if (request.ifMatch !== undefined) headers['If-Match'] = `"${request.ifMatch}"`
  if (request.after !== undefined) headers['Min-Log-Position'] = String(request.after)

  try {
    return await fetch(`/api${path}`, {
      method: request.method ?? 'GET',
      headers,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      signal: limited(request.timeout ?? TIMEOUT, request.signal),
      keepalive: request.keepalive,
      credentials: 'same-origin',
      cache: 'no-cache', // revalidate with the ETag: counts never come from a cache alone
    })
  } catch (error) {
    if (request.signal?.aborted) throw error
    throw ApiError.network()
  }
}

/**
 * A signal that aborts after a time, or when another one does. AbortSignal.any would combine them,
 * but Safari before 17.4, Firefox before 124 and Chrome before 116 don't have it, and older ones
 * have no AbortSignal.timeout either.
 */
function limited(milliseconds: number, signal?: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const abort = () => controller.abort()
  setTimeout(abort, milliseconds) // also while the body is read; afterwards it has no effect
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return controller.signal
}

/** Reads a body to its end. Throws an ApiError when the connection breaks in the middle of it. */
export async function readBody<T>(body: Promise<T>): Promise<T> {
  try {
    return await body
  } catch {
    throw ApiError.network()
  }
}
