import { safeParse, type GenericSchema } from 'valibot'
import { ApiError } from './error'

interface Answer<T> {
  data: T
  /** The log position of the answer, for the live connection to resume after. */
  position: number | undefined
  /** Of a repeated request whose first answer was lost: the status by now of what it made. */
  currentStatus: string | undefined
  isReplayed: boolean
}

/**
 * The answer to a request, validated: what follows can rely on its type. Throws an ApiError when the
 * server refused the request, or when its answer is not what the API describes.
 */
export async function read<T>(
  schema: GenericSchema<T>,
  request: Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<Answer<T>> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    throw cause instanceof SyntaxError ? ApiError.unreadable() : cause
  })
  if (!response.ok) throw await ApiError.of(response, error)
  const parsed = safeParse(schema, data)
  if (!parsed.success) throw ApiError.unreadable()
  return {
    data: parsed.output,
    position: Number(response.headers.get('Log-Position')) || undefined,
    currentStatus: response.headers.get('Current-Status') ?? undefined,
    isReplayed: response.headers.has('Idempotency-Replayed'),
  }
}
