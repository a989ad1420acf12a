import createClient from 'openapi-fetch'
import { learnTime } from '@/lib/server-time'
import { ApiError } from './error'
import type { paths } from './schema'

// Longer than the slowest booking, whose delay is at most a minute.
const TIMEOUT = 75_000

/** The API, on the origin of the pages: the server that serves them forwards requests below /api. */
export const API = typeof location === 'undefined' ? '' : `${location.origin}/api`

/** Looks at a part of an answer with `of`, the headers of the whole. */
export type Watch = (part: Uint8Array, of: Headers) => void

/**
 * One HTTP exchange, with a time limit in milliseconds. Returns when the whole answer is there;
 * throws an ApiError when it does not come. The request was built before: its own errors are not
 * those of the network.
 */
export async function send(request: Request, timeout = TIMEOUT, watch?: Watch): Promise<Response> {
  // AbortSignal.any and AbortSignal.timeout are missing in Safari before 17.4 and Firefox before 124.
  const limit = new AbortController()
  const abort = () => limit.abort()
  const timer = setTimeout(abort, timeout)
  request.signal.addEventListener('abort', abort, { once: true })
  if (request.signal.aborted) abort()
  try {
    const response = await fetch(request, { signal: limit.signal })
    learnTime(response.headers.get('Date'))
    const body = await (watch && response.ok ? partsOf(response, watch) : response.arrayBuffer())
    return new Response(body.byteLength > 0 ? body : null, response)
  } catch (error) {
    if (request.signal.aborted) throw error
    throw ApiError.network()
  } finally {
    clearTimeout(timer)
    request.signal.removeEventListener('abort', abort)
  }
}

async function partsOf(response: Response, watch: Watch): Promise<ArrayBuffer> {
  const reader = response.body!.getReader()
  const parts: BlobPart[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Blob(parts).arrayBuffer()
    parts.push(value)
    watch(value, response.headers)
  }
}

/** How all requests are made. Counts never come from a cache alone: it revalidates with the ETag. */
export const requestOptions = { baseUrl: API, credentials: 'same-origin', cache: 'no-cache' } as const

/** Requests that need no session. */
export const guestApi = createClient<paths>({ ...requestOptions, fetch: (request) => send(request) })
