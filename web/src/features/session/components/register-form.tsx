'use client'

import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { InputField, PasswordField } from '@/components/ui/field'
import { codeOf } from '@/lib/api/error'
import { AttemptKey } from '@/lib/attempt-key'
import { messageOf, showErrors } from '@/lib/form-errors'
import { register as createAccount } from '@/lib/session/session'
import { useKeptValues } from '@/lib/kept-values'
import { useResolver } from '@/lib/resolver'
import type { RegisterValues } from '../schemas'
import { AuthForm, EmailField } from './auth-form'

const loadSchema = async () => (await import('../schemas')).registerSchema

export function RegisterForm() {
  const [problem, setProblem] = useState<string>()
  const [attempt] = useState(() => new AttemptKey())
  const { register, handleSubmit, setError, setValue, formState } = useForm<RegisterValues>({
    resolver: useResolver(loadSchema),
    defaultValues: { name: '', email: '', password: '', confirmPassword: '' },
  })
  useKeptValues((name, value) => (name === 'name' || name === 'email') && setValue(name, String(value)))
  const { errors, isSubmitting } = formState

  const submit = handleSubmit(async ({ name, email, password }) => {
    try {
      const person = { name, email, password }
      await createAccount(person, attempt.for(person))
    } catch (error) {
      if (codeOf(error) === 'email_taken') {
        setError(
          'email',
          { message: 'This e-mail is already registered. Sign in instead?' },
          { shouldFocus: true },
        )
      } else {
        setProblem(showErrors(error, ['name', 'email', 'password'], setError))
      }
    }
  })

  return (
    <AuthForm
      label="Create an account"
      problem={problem}
      submitText="Create account"
      submittingText="Creating your account…"
      isSubmitting={isSubmitting}
      onSubmit={(e) => {
        setProblem(undefined)
        // The code that validates the fields may fail to load.
        submit(e).catch((error: unknown) => setProblem(messageOf(error)))
      }}
    >
      <InputField
        label="Name"
        autoComplete="name"
        required
        error={errors.name?.message}
        {...register('name')}
      />
      <EmailField error={errors.email?.message} {...register('email')} />
      <PasswordField
        label="Password"
        autoComplete="new-password"
        required
        hint="At least 8 characters, with a letter and a number."
        error={errors.password?.message}
        {...register('password', { deps: ['confirmPassword'] })}
      />
      <PasswordField
        label="Confirm password"
        autoComplete="new-password"
        required
        error={errors.confirmPassword?.message}
        {...register('confirmPassword')}
      />
    </AuthForm>
  )
}
