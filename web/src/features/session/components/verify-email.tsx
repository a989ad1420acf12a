'use client'

import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { codeOf } from '@/lib/api/error'
import { paths } from '@/lib/paths'
import { refreshSession } from '@/lib/session/session'
import { currentSession } from '@/lib/session/store'
import { confirmEmail } from '../api/links'
import { badLink, verification } from '../strings/account'
import { forgetLinkToken, useLinkToken } from '../link-token'
import { useSubmit } from '../use-submit'
import { AuthCard } from './auth-card'
import { AuthForm } from './auth-form'
import { Outcome } from './outcome'

const { page } = verification

/**
 * Confirms an e-mail address, with the token of a link. It takes a press, because programs that check
 * e-mails open the links in them.
 */
export function VerifyEmail() {
  const token = useLinkToken()
  const [ended, setEnded] = useState<'done' | 'taken' | 'bad-link'>()
  const form = useForm()
  const sending = useSubmit(form, [], async () => {
    try {
      await confirmEmail(token ?? '')
    } catch (error) {
      const code = codeOf(error)
      if (code !== 'invalid_link' && code !== 'email_taken') throw error
      return setEnded(code === 'email_taken' ? 'taken' : 'bad-link')
    }
    setEnded('done')
    forgetLinkToken()
    await refreshSession(currentSession().accessToken).catch(() => undefined) // it has the address
  })
  if (ended === 'done')
    return (
      <Outcome
        page={page}
        title={verification.doneTitle}
        lead={verification.doneLead}
        to={paths.events}
        action={verification.proceed}
      />
    )
  if (ended === 'taken')
    return (
      <Outcome
        page={page}
        title={verification.takenTitle}
        lead={verification.takenLead}
        to={paths.account}
        action={verification.settings}
      />
    )
  // New links are sent from the account page, which asks guests to sign in.
  const again = { page, to: paths.account, action: badLink.again }
  if (ended) return <Outcome {...again} title={badLink.title} lead={badLink.lead} />
  if (token === '') return <Outcome {...again} title={badLink.missingTitle} lead={badLink.missingLead} />
  return (
    <AuthCard page={page} title={verification.title} lead={verification.lead}>
      <AuthForm
        {...sending}
        label={verification.title}
        submitText={verification.submit}
        submittingText={verification.submitting}
      />
    </AuthCard>
  )
}
