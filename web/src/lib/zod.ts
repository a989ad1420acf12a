import { config, safeParse, type ZodMiniType } from 'zod/mini'

// The content security policy forbids eval, which zod would otherwise use.
config({ jitless: true })

type Checked<T> =
  | { values: T; errors?: undefined }
  | { values?: undefined; errors: Record<string, { type: string; message: string }> }

/** Checks a form: the parsed values, or the first error of each field. */
export function check<T>(schema: ZodMiniType<T, T>, values: unknown): Checked<T> {
  const result = safeParse(schema, values)
  if (result.success) return { values: result.data }
  const errors: Record<string, { type: string; message: string }> = {}
  for (const { path, code, message } of result.error.issues)
    errors[String(path[0])] ??= { type: code, message }
  return { errors }
}
