import type { ComponentProps, ReactNode } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { InputField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'

/**
 * The common form of signing in and registering: fields, a button, and above them the error of the
 * form as a whole.
 */
export function AuthForm({
  label,
  problem,
  submitText,
  submittingText,
  isSubmitting,
  onSubmit,
  children,
}: {
  label: string
  problem?: string
  submitText: string
  submittingText: string
  isSubmitting: boolean
  onSubmit: ComponentProps<'form'>['onSubmit']
  children: ReactNode
}) {
  return (
    <form onSubmit={onSubmit} noValidate method="post" className="grid gap-5" aria-label={label}>
      {problem && <Alert>{problem}</Alert>}
      {children}
      <Button type="submit" size="wide" disabled={isSubmitting} className="mt-1">
        {isSubmitting && <Spinner />}
        {isSubmitting ? submittingText : submitText}
      </Button>
    </form>
  )
}

export function EmailField(props: Omit<ComponentProps<typeof InputField>, 'label'>) {
  return (
    <InputField
      label="E-mail"
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
