'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { object } from 'valibot'
import { PasswordField } from '@/components/ui/field'
import { toast } from '@/lib/toast'
import { changePassword, sessionsQuery } from '../api/account'
import { account, password } from '../strings/account'
import { newPasswordSchema, passwordSchema } from '../schemas'
import { fields } from '../strings/guests'
import { fieldsOf, useSubmit } from '../use-submit'
import { AccountSection } from './account-section'
import { AuthForm } from './auth-form'

export function PasswordSection({ email }: { email?: string }) {
  const client = useQueryClient()
  const form = useForm<{ password: string; newPassword: string }>({
    resolver: valibotResolver(object({ password: passwordSchema, newPassword: newPasswordSchema })),
    mode: 'onTouched',
    defaultValues: { password: '', newPassword: '' },
  })
  const sending = useSubmit(
    form,
    ['password', 'newPassword'],
    async (values) => {
      await changePassword(values)
      form.reset()
      toast.success(password.changed, { description: password.othersEnded })
      void client.invalidateQueries(sessionsQuery)
    },
    { wrong_password: { field: 'password', message: account.wrongPassword } },
  )
  const field = fieldsOf(form)
  return (
    <AccountSection title={password.title} about={password.about}>
      <AuthForm
        {...sending}
        label={password.submit}
        submitText={password.submit}
        submittingText={password.submitting}
      >
        {/* So that password managers know whose password it is. */}
        <input hidden type="email" autoComplete="username" readOnly value={email ?? ''} />
        <PasswordField
          label={password.current}
          autoComplete="current-password"
          required
          {...field('password')}
        />
        <PasswordField
          label={password.new}
          autoComplete="new-password"
          required
          hint={fields.passwordHint}
          {...field('newPassword')}
        />
      </AuthForm>
    </AccountSection>
  )
}
