import { ApiError } from './error'

// The waits before asking again about a request that the server is still processing, or whose outcome
// it does not know yet.
const MAX_RETRIES = 5

/** Sends a request that carries a key, or may be repeated, until the server has decided it. */
export async function untilDecided<T>(
  request: () => Promise<T>,
  wait: (seconds: number) => Promise<void> = sleep,
): Promise<T> {
  for (let look = 1; ; look++) {
    try {
      return await request()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const undecided = error.code === 'idempotency_in_progress' || error.code === 'outcome_unknown'
      if (!undecided || look === MAX_RETRIES) throw error
      await wait(error.retryAfter ?? 1)
    }
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
}
