'use client'

import { cx } from 'class-variance-authority'
import { Eye, EyeOff } from 'lucide-react'
import { useId, useState, type ComponentProps, type ReactNode } from 'react'
import { controlClass } from './control'
import { Select } from './select'

interface FieldProps {
  label: string
  error?: ReactNode
  hint?: string
}

interface ControlProps {
  id: string
  'aria-invalid': true | undefined
  'aria-describedby': string | undefined
}

/**
 * A label, a hint, a control and an error, connected for assistive technology. The line of the error
 * is always there: were it added when a field is left, the button below would move away from
 * under the pointer that is about to press it.
 */
function Field({
  label,
  error,
  hint,
  children,
}: FieldProps & { children: (control: ControlProps) => ReactNode }) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div data-slot="field" className="grid content-start gap-1.5">
      <label htmlFor={id} className="text-sm font-semibold">
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className="-mt-1 text-sm text-soft">
          {hint}
        </p>
      )}
      {children({ id, 'aria-invalid': error ? true : undefined, 'aria-describedby': described || undefined })}
      <p id={`${id}-error`} aria-live="polite" className="min-h-5 text-sm font-medium text-bad">
        {error}
      </p>
    </div>
  )
}

export function InputField({
  label,
  error,
  hint,
  className,
  ...props
}: FieldProps & ComponentProps<'input'>) {
  return (
    <Field label={label} error={error} hint={hint}>
      {(control) => <input {...control} {...props} className={cx(controlClass, className)} />}
    </Field>
  )
}

export function SelectField({ label, error, hint, ...props }: FieldProps & ComponentProps<'select'>) {
  return (
    <Field label={label} error={error} hint={hint}>
      {(control) => <Select {...control} {...props} />}
    </Field>
  )
}

export function TextareaField({
  label,
  error,
  hint,
  className,
  ...props
}: FieldProps & ComponentProps<'textarea'>) {
  return (
    <Field label={label} error={error} hint={hint}>
      {(control) => <textarea {...control} {...props} className={cx(controlClass, 'min-h-28', className)} />}
    </Field>
  )
}

export function PasswordField({ label, error, hint, ...props }: FieldProps & ComponentProps<'input'>) {
  const [shown, setShown] = useState(false)
  return (
    <Field label={label} error={error} hint={hint}>
      {(control) => (
        <div className="relative">
          <input
            {...control}
            {...props}
            type={shown ? 'text' : 'password'}
            className={cx(controlClass, 'pr-12')}
          />
          <button
            type="button"
            onClick={() => setShown(!shown)}
            aria-pressed={shown}
            aria-label={`Show ${label.toLowerCase()}`}
            className="absolute inset-y-0 right-0 grid w-11 place-items-center rounded-md text-soft hover:text-ink"
          >
            {shown ? <EyeOff className="size-5" aria-hidden /> : <Eye className="size-5" aria-hidden />}
          </button>
        </div>
      )}
    </Field>
  )
}
