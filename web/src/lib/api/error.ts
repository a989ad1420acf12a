import type { Problem } from './types'

/** Why a request has no good answer. Every failure of the API client is one of these. */
export class ApiError extends Error {
  override name = 'ApiError'

  private constructor(
    /** The stable code of the API's problem, or one of ours: `network` and `unreadable`. */
    readonly code: string,
    message: string,
    /** 0 when no answer came. */
    readonly status: number,
    /** Seconds after which the server wants to be asked again. */
    readonly retryAfter: number | undefined,
    /** What is wrong with each field, by its name. */
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
