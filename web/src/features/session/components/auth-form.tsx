import { useEffect, useRef, type ComponentProps, type ReactNode } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { InputField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'
import { fields } from '../strings/guests'

/**
 * The common form of everything about accounts: fields, a button, and above them the error of the
 * form as a whole.
 */
export function AuthForm({
  label,
  problem,
  submitText,
  submittingText,
  isSubmitting,
  variant,
  onSubmit,
  children,
}: {
  label: string
  problem?: string
  submitText: string
  submittingText: string
  isSubmitting: boolean
  variant?: 'danger'
  onSubmit: ComponentProps<'form'>['onSubmit']
  children?: ReactNode
}) {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    // It was sent before the scripts were there: see guardScript.
    if (form.current?.dataset.sent === undefined) return
    delete form.current.dataset.sent
    document.documentElement.dataset.ready = ''
    form.current.requestSubmit()
  }, [])
  return (
    <form ref={form} onSubmit={onSubmit} noValidate method="post" className="grid gap-2" aria-label={label}>
      {problem && <Alert>{problem}</Alert>}
      {children}
      <Button
        type="submit"
        size="wide"
        variant={variant}
        disabled={isSubmitting}
        // A press does not leave the field before: an error that then came or went would move the
        // button away from under the pointer.
        onMouseDown={(e) => e.preventDefault()}
      >
        {isSubmitting && <Spinner />}
        <span>{isSubmitting ? submittingText : submitText}</span>
      </Button>
    </form>
  )
}

export function EmailField({ label = fields.email, ...props }: Partial<ComponentProps<typeof InputField>>) {
  return (
    <InputField
      label={label}
      type="email"
      autoComplete="username"
      inputMode="email"
      autoCapitalize="none"
      spellCheck={false}
      required
      {...props}
    />
  )
}
