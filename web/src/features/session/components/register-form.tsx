'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { InputField, PasswordField } from '@/components/ui/field'
import { AttemptKey } from '@/lib/attempt-key'
import { useKeptValues } from '@/lib/kept-values'
import { paths } from '@/lib/paths'
import { register as createAccount } from '@/lib/session/session'
import { registerSchema, type RegisterValues } from '../schemas'
import { fields, registration } from '../strings/guests'
import { fieldsOf, useSubmit } from '../use-submit'
import { AuthForm, EmailField } from './auth-form'
import { GuestLink } from './guest-link'

export function RegisterForm() {
  const [attempt] = useState(() => new AttemptKey())
  const form = useForm<RegisterValues>({
    // Without default values, so that what was typed before the scripts were there stays.
    resolver: valibotResolver(registerSchema),
    mode: 'onTouched', // complains about a field when it is left, not while it is typed
  })
  const { setValue, formState } = form
  const field = fieldsOf(form)
  // In the order of the page: when the form is sent, the first one with an error gets the focus.
  const [name, email] = [field('name'), field('email')]
  useKeptValues((name, value) => (name === 'name' || name === 'email') && setValue(name, value))
  const { errors, touchedFields } = formState
  const sending = useSubmit(
    form,
    ['name', 'email', 'password'],
    ({ name, email, password }) => {
      const person = { name, email, password }
      return createAccount(person, attempt.for(person))
    },
    { email_taken: { field: 'email', message: registration.taken } },
  )

  return (
    <AuthForm
      {...sending}
      label={registration.title}
      submitText={registration.submit}
      submittingText={registration.submitting}
    >
      <InputField label={fields.name} autoComplete="name" required {...name} />
      <EmailField
        {...email}
        error={
          errors.email?.type === 'email_taken' ? (
            <>
              {registration.taken} <GuestLink to={paths.login}>{registration.signInInstead}</GuestLink>
            </>
          ) : (
            email.error
          )
        }
      />
      <PasswordField
        label={fields.password}
        autoComplete="new-password"
        required
        hint={fields.passwordHint}
        {...field('password', { deps: touchedFields.confirmPassword ? ['confirmPassword'] : [] })}
      />
      <PasswordField
        label={fields.confirmPassword}
        autoComplete="new-password"
        required
        {...field('confirmPassword')}
      />
    </AuthForm>
  )
}
