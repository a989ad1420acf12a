'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { PasswordField } from '@/components/ui/field'
import { showErrors } from '@/lib/form-errors'
import { signIn } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { useKeptValues } from '@/lib/kept-values'
import { loginSchema, type LoginValues } from '../schemas'
import { signedOutText } from '../texts'
import { AuthForm, EmailField } from './auth-form'

export function LoginForm() {
  const [problem, setProblem] = useState<string>()
  const ended = useSession((s) => s.ended)
  const logoutFailed = useSession((s) => s.logout === 'failed')
  const { register, handleSubmit, setError, setFocus, setValue, formState } = useForm<LoginValues>({
    // Without default values, so that what was typed before the scripts were there stays.
    resolver: valibotResolver(loginSchema),
  })
  useKeptValues((name, value) => name === 'email' && setValue(name, value))
  const { errors, isSubmitting } = formState

  const submit = handleSubmit(async (values) => {
    try {
      await signIn(values)
    } catch (error) {
      const whole = showErrors(error, ['email', 'password'], setError)
      setProblem(whole)
      if (whole) setFocus('password') // otherwise the field with the error has the focus
    }
  })

  let notice: string | undefined
  if (logoutFailed) notice = `${signedOutText.title}. ${signedOutText.body}`
  else if (ended === 'elsewhere') notice = 'You have signed out in another tab.'
  else if (ended === 'expired') notice = 'Your session has ended. Please sign in again.'

  return (
    <AuthForm
      label="Sign in"
      problem={problem ?? notice}
      submitText="Sign in"
      submittingText="Signing in…"
      isSubmitting={isSubmitting}
      onSubmit={(e) => {
        setProblem(undefined)
        void submit(e)
      }}
    >
      <EmailField error={errors.email?.message} {...register('email')} />
      <PasswordField
        label="Password"
        autoComplete="current-password"
        required
        error={errors.password?.message}
        {...register('password')}
      />
    </AuthForm>
  )
}
