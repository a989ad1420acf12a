import { useEffect, useRef, type ComponentProps, type ReactNode } from 'react'
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
      <Button type="submit" size="wide" disabled={isSubmitting}>
        {isSubmitting && <Spinner />}
        <span>{isSubmitting ? submittingText : submitText}</span>
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
