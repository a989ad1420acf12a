import type { FieldErrors, FieldValues, Resolver } from 'react-hook-form'
import type { ZodMiniType } from 'zod/mini'
import { keepValues } from './kept-values'
import { loadCode } from './load-code'
import { usePreload } from './preload'

/**
 * Checks a form of react-hook-form by a zod schema. Both zod and the schema are fetched after the form is there: they are a
 * fifth of what a page with a form would otherwise load before it can be shown.
 *
 * Forms are checked when they are sent, and from then on at every change, which are
 * react-hook-form's own modes. They are not checked when a field is left: it is left when the mouse
 * goes down on the button, an error that comes or goes then moves the button, and the click is
 * lost.
 */
export function useResolver<T extends FieldValues>(schema: () => Promise<ZodMiniType<T, T>>): Resolver<T> {
  const load = () => Promise.all([import('./zod'), schema()])
  usePreload(load)
  return async (values) => {
    const [{ check }, loaded] = await loadCode(load, () => keepValues(values))
    const checked = check(loaded, values)
    return checked.errors
      ? { values: {}, errors: checked.errors as FieldErrors<T> }
      : { values: checked.values, errors: {} }
  }
}
