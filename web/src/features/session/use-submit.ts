import { useState } from 'react'
import type { FieldValues, Path, RegisterOptions, UseFormReturn } from 'react-hook-form'
import { codeOf } from '@/lib/api/error'
import { showErrors } from '@/lib/form-errors'

/** The properties of the control of a field, with its error. */
export const fieldsOf =
  <T extends FieldValues>({ register, getFieldState, formState }: UseFormReturn<T>) =>
  <N extends Path<T>>(name: N, options?: RegisterOptions<T, N>) => ({
    ...register(name, options),
    error: getFieldState(name, formState).error?.message,
  })

/**
 * Sends a form, and shows why it was refused: beside the field that `refusals` names for the code of
 * the error, beside the fields that the server names, or above all fields. `onProblem` is called for
 * the last.
 */
export function useSubmit<T extends FieldValues>(
  form: UseFormReturn<T>,
  fields: readonly Path<T>[],
  send: (values: T) => Promise<unknown>,
  refusals: Record<string, { field: Path<T>; message: string }> = {},
  onProblem?: () => void,
) {
  const [problem, setProblem] = useState<string>()
  const { isSubmitting } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      await send(values)
    } catch (error) {
      const code = codeOf(error)
      const refused = code && refusals[code]
      if (refused)
        return form.setError(refused.field, { type: code, message: refused.message }, { shouldFocus: true })
      const whole = showErrors(error, fields, form.setError)
      setProblem(whole)
      if (whole) onProblem?.()
    }
  })
  const onSubmit = (event: React.SubmitEvent) => {
    setProblem(undefined)
    void submit(event)
  }
  return { problem, isSubmitting, onSubmit }
}
