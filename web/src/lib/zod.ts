import { config, safeParse, type ZodMiniType } from 'zod/mini'

// The content security policy forbids code made from text, which zod would otherwise try.
config({ jitless: true })

type Checked<T> =
  | { values: T; errors?: undefined }
  | { values?: undefined; errors: Record<string, { type: string; message: string }> }

/** Checks a form: the values as the schema leaves them, or the first complaint about each field. */
export function check<T>(schema: ZodMiniType<T, T>, values: unknown): Checked<T> {
  const result = safeParse(schema, values)
  if (result.success) return { values: result.data }
  const errors: Record<string, { type: string; message: string }> = {}
  for (const { path, code, message } of result.error.issues)
    errors[String(path[0])] ??= { type: code, message }
  return { errors }
}
