import type { Problem } from './types'

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
  ) {
    super(message)
  }

  static network(): ApiError {
    return new ApiError('network', 'The box office can’t be reached.', 0, undefined, {})
  }

  static async of(response: Response): Promise<ApiError> {
    const retryAfter = Number(response.headers.get('Retry-After')) || undefined
    let problem: Partial<Problem> = {}
    if (response.headers.get('Content-Type')?.includes('json')) {
      problem = (await response.json().catch(() => ({}))) as Partial<Problem>
    }
    const fields = Object.fromEntries(
      (problem.errors ?? []).map((e) => [e.pointer.replace(/^\//, ''), sentence(e.detail)]),
    )
    return new ApiError(
      problem.code ?? 'unreadable',
      problem.detail ?? 'The box office gave an answer that makes no sense.',
      response.status,
      retryAfter,
      fields,
    )
  }
}

function sentence(detail: string): string {
  const text = detail.charAt(0).toUpperCase() + detail.slice(1)
  return /[.!?]$/.test(text) ? text : text + '.'
}

/** The code of an API failure, or undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof ApiError ? error.code : undefined
}
