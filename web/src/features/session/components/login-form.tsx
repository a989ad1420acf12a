'use client'

import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { InputField, PasswordField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'
import { showErrors } from '@/lib/form-errors'
import { signIn } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { useResolver } from '@/lib/resolver'
import type { LoginValues } from '../schemas'

const loadSchema = async () => (await import('../schemas')).loginSchema

export function LoginForm() {
  const [problem, setProblem] = useState<string>()
  const expired = useSession((s) => s.ended === 'expired')
  const { register, handleSubmit, setError, setFocus, formState } = useForm<LoginValues>({
    resolver: useResolver(loadSchema),
    defaultValues: { email: '', password: '' },
  })
  const { errors, isSubmitting } = formState

  const submit = handleSubmit(async (values) => {
    setProblem(undefined)
    try {
      await signIn(values)
    } catch (error) {
      setProblem(showErrors(error, ['email', 'password'], setError))
      setFocus('password')
    }
  })

  return (
    <form onSubmit={submit} noValidate method="post" className="grid gap-5" aria-label="Sign in">
      {problem ? (
        <Alert>{problem}</Alert>
      ) : (
        expired && <Alert>Your session has ended. Please sign in again.</Alert>
      )}
      <InputField
        label="E-mail"
        type="email"
        autoComplete="username"
        inputMode="email"
        autoCapitalize="none"
        spellCheck={false}
        required
        error={errors.email?.message}
        {...register('email')}
      />
      <PasswordField
        label="Password"
        autoComplete="current-password"
        required
        error={errors.password?.message}
        {...register('password')}
      />
      <Button type="submit" size="wide" disabled={isSubmitting} className="mt-1">
        {isSubmitting && <Spinner />}
        {isSubmitting ? 'Signing in…' : 'Sign in'}
      </Button>
    </form>
  )
}
