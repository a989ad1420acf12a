import { safeParse } from 'valibot'
import { strings } from '@/lib/strings'
import { Problem as problemSchema } from './schemas-session'

/** The reason why a request failed. The API client throws no other errors. */
export class ApiError extends Error {
  override name = 'ApiError'

  private constructor(
    /** The stable code of the API's problem document, or `network` or `unreadable`. */
    readonly code: string,
    message: string,
    /** 0 when no answer came. */
    readonly status: number,
    /** Seconds to wait before the next try, from Retry-After. */
    readonly retryAfter: number | undefined,
    /** The errors of fields, by their names. */
    readonly fields: Readonly<Record<string, string>>,
    /** Of `sold_out`: others wait for tickets already. */
    readonly othersWait = false,
  ) {
    super(message)
  }

  static network(): ApiError {
    return new ApiError('network', strings.failures.network, 0, undefined, {})
  }

  static needsHttps(): ApiError {
    return new ApiError('needs_https', strings.failures.needsHttps, 0, undefined, {})
  }

  /** An answer that does not follow the API's description. */
  static unreadable(status = 200, retryAfter?: number): ApiError {
    return new ApiError('unreadable', strings.failures.unreadable, status, retryAfter, {})
  }

  /** `body` is the body of the response, if it has been read. */
  static async of(response: Response, body?: unknown): Promise<ApiError> {
    const retryAfter = Number(response.headers.get('Retry-After')) || undefined
    const parsed = safeParse(problemSchema, body ?? (await response.json().catch(() => undefined)))
    if (!parsed.success) return ApiError.unreadable(response.status, retryAfter)
    const { code, detail, errors, waitlist } = parsed.output
    const fields = Object.fromEntries(
      (errors ?? []).map((e) => [e.pointer.replace(/^\//, ''), sentence(e.detail)]),
    )
    return new ApiError(code, detail, response.status, retryAfter, fields, waitlist)
  }
}

function sentence(detail: string): string {
  const text = detail.charAt(0).toUpperCase() + detail.slice(1)
  return /[.!?]$/.test(text) ? text : text + '.'
}

/** Whether the server or its database can't be reached at the moment. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof ApiError && [0, 502, 503, 504].includes(error.status)

/** Whether there is no such thing, or its id is none. */
export const isMissing = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 404 || error.status === 400)

/** The code of an API failure, or undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.code : undefined
}
