import type { FieldErrors, FieldValues, Resolver } from 'react-hook-form'
import type { ZodMiniType } from 'zod/mini'
import { usePreload } from './preload'

/**
 * Checks a form of react-hook-form by a zod schema. Both zod and the schema are fetched after the form is there: they are a
 * fifth of what a page with a form would otherwise load before it can be shown.
 */
export function useResolver<T extends FieldValues>(schema: () => Promise<ZodMiniType<T, T>>): Resolver<T> {
  const load = () => Promise.all([import('./zod'), schema()])
  usePreload(load)
  return async (values) => {
    const [{ check }, loaded] = await load()
    const checked = check(loaded, values)
    return checked.errors
      ? { values: {}, errors: checked.errors as FieldErrors<T> }
      : { values: checked.values, errors: {} }
  }
}
