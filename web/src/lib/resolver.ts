import type { FieldErrors, FieldValues, Resolver } from 'react-hook-form'
import type { ZodMiniType } from 'zod/mini'

/**
 * Checks a form of react-hook-form by a zod schema. Both zod and the schema are fetched when the form is first checked: they are a
 * fifth of what a page with a form would otherwise load before it can be shown.
 */
export function resolverOf<T extends FieldValues>(schema: () => Promise<ZodMiniType<T, T>>): Resolver<T> {
  return async (values) => {
    const [{ check }, loaded] = await Promise.all([import('./zod'), schema()])
    const checked = check(loaded, values)
    return checked.errors
      ? { values: {}, errors: checked.errors as FieldErrors<T> }
      : { values: checked.values, errors: {} }
  }
}
