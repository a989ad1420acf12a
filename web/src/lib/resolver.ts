import type { FieldErrors, FieldValues, Resolver } from 'react-hook-form'
import type { ZodMiniType } from 'zod/mini'
import { keepValues } from './kept-values'
import { loadCode } from './load-code'
import { usePreload } from './preload'

/**
 * Validates a react-hook-form form with a zod schema. Zod and the schema are loaded after the form
 * is shown: otherwise they would be a fifth of the page's first load. Forms are validated on
 * submit, and from then on at every change, which are react-hook-form's defaults. They are not
 * validated on blur: a field loses the focus when the mouse button goes down on the submit button,
 * an error that appears or disappears then moves that button, and the click is lost.
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
