import type { FieldValues, Path, UseFormSetError } from 'react-hook-form'
import { ApiError } from '@/lib/api/error'

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
  if (!(error instanceof ApiError)) return 'Something unexpected happened. Please try again.'
  const again = error.retryAfter
    ? ` Try again in ${error.retryAfter} ${error.retryAfter === 1 ? 'second' : 'seconds'}.`
    : ''
  switch (error.code) {
    case 'network':
      return 'The box office can’t be reached. Check your connection and try again.'
    case 'rate_limited':
      return `That was too often.${again || ' Please wait a moment.'}`
    case 'internal':
    case 'unreadable':
      return 'Something went wrong at the box office. Please try again.'
    default:
      return error.message
  }
}
