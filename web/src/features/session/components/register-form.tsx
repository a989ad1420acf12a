'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { InputField, PasswordField } from '@/components/ui/field'
import { codeOf } from '@/lib/api/error'
import { AttemptKey } from '@/lib/attempt-key'
import { showErrors } from '@/lib/form-errors'
import { register as createAccount } from '@/lib/session/session'
import { useKeptValues } from '@/lib/kept-values'
import { registerSchema, type RegisterValues } from '../schemas'
import { AuthForm, EmailField } from './auth-form'

export function RegisterForm() {
  const [problem, setProblem] = useState<string>()
  const [attempt] = useState(() => new AttemptKey())
  const { register, handleSubmit, setError, setValue, formState } = useForm<RegisterValues>({
    // Without default values, so that what was typed before the scripts were there stays.
    resolver: valibotResolver(registerSchema),
    mode: 'onTouched', // complains about a field when it is left, not while it is typed
  })
  useKeptValues((name, value) => (name === 'name' || name === 'email') && setValue(name, value))
  const { errors, isSubmitting, touchedFields } = formState

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
        void submit(e)
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
        {...register('password', { deps: touchedFields.confirmPassword ? ['confirmPassword'] : [] })}
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
