import type { FieldValues, Path, UseFormSetError } from 'react-hook-form'
import { ApiError } from '@/lib/api/error'
import { strings } from '@/lib/strings'

/**
 * Shows the server's field errors beside the fields, and returns the message for the form as a
 * whole.
 */
export function showErrors<T extends FieldValues>(
  error: unknown,
  fields: readonly Path<T>[],
  setError: UseFormSetError<T>,
): string | undefined {
  if (!(error instanceof ApiError)) return messageOf(error)
  const known = fields.filter((field) => error.fields[field])
  known.forEach((field, i) => setError(field, { message: error.fields[field] }, { shouldFocus: i === 0 }))
  return known.length > 0 ? undefined : messageOf(error)
}

/** One sentence for the user about a failed request. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return strings.failures.unexpected
  switch (error.code) {
    case 'network':
      return strings.failures.network
    case 'rate_limited':
      return strings.failures.tooMany(error.retryAfter)
    case 'internal':
    case 'unreadable':
      return strings.failures.server
    default:
      return error.message
  }
}
