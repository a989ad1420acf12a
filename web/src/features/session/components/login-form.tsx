'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useForm } from 'react-hook-form'
import { PasswordField } from '@/components/ui/field'
import { useKeptValues } from '@/lib/kept-values'
import { signIn } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { loginSchema, type LoginValues } from '../schemas'
import { fields, login } from '../strings/guests'
import { signedOut } from '../strings/header'
import { fieldsOf, useSubmit } from '../use-submit'
import { AuthForm, EmailField } from './auth-form'

export function LoginForm() {
  const ended = useSession((s) => s.ended)
  const logoutFailed = useSession((s) => s.logout === 'failed')
  // Without default values, so that what was typed before the scripts were there stays.
  const form = useForm<LoginValues>({ resolver: valibotResolver(loginSchema) })
  const { setFocus, setValue } = form
  const field = fieldsOf(form)
  useKeptValues((name, value) => name === 'email' && setValue(name, value))
  const { problem, ...sending } = useSubmit(form, ['email', 'password'], signIn, {}, () =>
    setFocus('password'),
  )

  let notice: string | undefined
  if (logoutFailed) notice = `${signedOut.title}. ${signedOut.body}`
  else if (ended && ended !== 'signed-out') notice = login.ended[ended]

  return (
    <AuthForm
      {...sending}
      label={login.page}
      problem={problem ?? notice}
      submitText={login.submit}
      submittingText={login.submitting}
    >
      <EmailField {...field('email')} />
      <PasswordField
        label={fields.password}
        autoComplete="current-password"
        required
        {...field('password')}
      />
    </AuthForm>
  )
}
