'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { object } from 'valibot'
import { PasswordField } from '@/components/ui/field'
import { codeOf } from '@/lib/api/error'
import { paths } from '@/lib/paths'
import { refreshSession } from '@/lib/session/session'
import { currentSession } from '@/lib/session/store'
import { resetPassword } from '../api/links'
import { badLink, reset } from '../strings/account'
import { forgetLinkToken, useLinkToken } from '../link-token'
import { newPasswordSchema } from '../schemas'
import { fields } from '../strings/guests'
import { fieldsOf, useSubmit } from '../use-submit'
import { AuthCard } from './auth-card'
import { AuthForm } from './auth-form'
import { Outcome } from './outcome'

const schema = object({ password: newPasswordSchema })

/** Sets a new password, with the token of a link. */
export function ResetPassword() {
  const token = useLinkToken()
  const [ended, setEnded] = useState<'done' | 'bad-link'>()
  const form = useForm<{ password: string }>({ resolver: valibotResolver(schema), mode: 'onTouched' })
  const sending = useSubmit(form, ['password'], async ({ password }) => {
    try {
      await resetPassword({ token: token ?? '', password })
    } catch (error) {
      if (codeOf(error) === 'invalid_link') return setEnded('bad-link')
      throw error
    }
    setEnded('done')
    forgetLinkToken()
    // All sessions of the account have ended: perhaps that of this browser.
    await refreshSession(currentSession().accessToken).catch(() => undefined)
  })
  const again = { page: reset.page, to: paths.forgotPassword, action: badLink.again }
  if (ended === 'done')
    return (
      <Outcome
        page={reset.page}
        title={reset.doneTitle}
        lead={reset.doneLead}
        to={paths.login}
        action={reset.signIn}
      />
    )
  if (ended) return <Outcome {...again} title={badLink.title} lead={badLink.lead} />
  if (token === '') return <Outcome {...again} title={badLink.missingTitle} lead={badLink.missingLead} />
  return (
    <AuthCard page={reset.page} title={reset.title} lead={reset.lead}>
      <AuthForm {...sending} label={reset.title} submitText={reset.submit} submittingText={reset.submitting}>
        <PasswordField
          label={reset.new}
          autoComplete="new-password"
          required
          hint={fields.passwordHint}
          {...fieldsOf(form)('password')}
        />
      </AuthForm>
    </AuthCard>
  )
}
