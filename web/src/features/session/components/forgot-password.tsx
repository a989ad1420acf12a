'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { object } from 'valibot'
import { Button } from '@/components/ui/button'
import { paths } from '@/lib/paths'
import { forgotPassword } from '../api/links'
import { forgotten } from '../strings/account'
import { emailSchema } from '../schemas'
import { fieldsOf, useSubmit } from '../use-submit'
import { AuthCard } from './auth-card'
import { AuthForm, EmailField } from './auth-form'
import { GuestLink } from './guest-link'

const schema = object({ email: emailSchema })

/** Asks for a link. What it says does not tell whether somebody has the address. */
export function ForgotPassword() {
  const [sentTo, setSentTo] = useState<string>()
  const form = useForm<{ email: string }>({ resolver: valibotResolver(schema), mode: 'onTouched' })
  const sending = useSubmit(form, ['email'], async (values) => {
    await forgotPassword(values)
    setSentTo(values.email)
  })
  const footer = (
    <>
      {forgotten.remembered} <GuestLink to={paths.login}>{forgotten.signIn}</GuestLink>
    </>
  )
  if (sentTo)
    return (
      <AuthCard
        page={forgotten.page}
        title={forgotten.sentTitle}
        lead={forgotten.sentLead(sentTo)}
        footer={footer}
      >
        <div className="grid gap-4">
          <p className="text-soft">{forgotten.nothing}</p>
          <Button variant="outline" size="wide" onClick={() => setSentTo(undefined)}>
            {forgotten.again}
          </Button>
        </div>
      </AuthCard>
    )
  return (
    <AuthCard page={forgotten.page} title={forgotten.title} lead={forgotten.lead} footer={footer}>
      <AuthForm
        {...sending}
        label={forgotten.title}
        submitText={forgotten.submit}
        submittingText={forgotten.submitting}
      >
        <EmailField {...fieldsOf(form)('email')} />
      </AuthForm>
    </AuthCard>
  )
}
