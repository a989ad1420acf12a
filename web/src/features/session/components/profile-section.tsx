'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useMutation, useQuery } from '@tanstack/react-query'
import { CircleAlert, CircleCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useForm } from 'react-hook-form'
import { object } from 'valibot'
import { Alert } from '@/components/ui/alert'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Disclosure } from '@/components/ui/disclosure'
import { PasswordField } from '@/components/ui/field'
import { Skeleton } from '@/components/ui/skeleton'
import { messageOf } from '@/lib/form-errors'
import type { User } from '@/lib/api/types'
import { refreshSession } from '@/lib/session/session'
import { currentSession } from '@/lib/session/store'
import { changeEmail, meQuery, sendVerification } from '../api/account'
import { account, profile } from '../strings/account'
import { emailSchema, passwordSchema } from '../schemas'
import { fieldsOf, useSubmit } from '../use-submit'
import { AccountSection } from './account-section'
import { AuthForm, EmailField } from './auth-form'

export function ProfileSection({ user }: { user?: User }) {
  const { data: actual } = useQuery(meQuery)
  const isOutdated =
    user && actual && (user.email !== actual.email || user.emailVerified !== actual.emailVerified)
  useEffect(() => {
    // The link of an e-mail may have been opened on another device.
    if (isOutdated) void refreshSession(currentSession().accessToken).catch(() => undefined)
  }, [isOutdated])
  return (
    <AccountSection title={profile.title} about={profile.about}>
      <dl className="grid grid-cols-1 gap-4">
        <div>
          <dt className="text-sm font-semibold">{profile.name}</dt>
          <dd>{user ? <bdi>{user.name}</bdi> : <Skeleton className="h-6 w-40" />}</dd>
        </div>
        <div>
          <dt className="text-sm font-semibold">{profile.email}</dt>
          <dd className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
            {user ? (
              <>
                <span className="wrap-anywhere">{user.email}</span>
                <Badge tone={user.emailVerified ? 'good' : 'warn'}>
                  {user.emailVerified ? <CircleCheck aria-hidden /> : <CircleAlert aria-hidden />}
                  {user.emailVerified ? profile.verified : profile.notVerified}
                </Badge>
              </>
            ) : (
              <Skeleton className="h-6 w-56" />
            )}
          </dd>
        </div>
      </dl>
      {user && !user.emailVerified && <SendAgain email={user.email} />}
      <Disclosure summary={profile.change}>
        <ChangeEmail email={user?.email} />
      </Disclosure>
    </AccountSection>
  )
}

function SendAgain({ email }: { email: string }) {
  const sending = useMutation({ mutationFn: sendVerification })
  return (
    <>
      <Button
        variant="outline"
        className="justify-self-start"
        disabled={sending.isPending}
        onClick={() => sending.mutate()}
      >
        {profile.resend}
      </Button>
      {sending.error && <Alert>{messageOf(sending.error)}</Alert>}
      <Sent>{sending.isSuccess ? profile.sent(email) : undefined}</Sent>
    </>
  )
}

function ChangeEmail({ email }: { email?: string }) {
  const [sentTo, setSentTo] = useState<string>()
  const form = useForm<{ email: string; password: string }>({
    resolver: valibotResolver(object({ email: emailSchema, password: passwordSchema })),
    mode: 'onTouched',
    defaultValues: { email: '', password: '' },
  })
  const sending = useSubmit(
    form,
    ['email', 'password'],
    async (values) => {
      setSentTo(undefined)
      if (values.email.toLowerCase() === email?.toLowerCase())
        return form.setError('email', { message: profile.same }, { shouldFocus: true })
      await changeEmail(values)
      setSentTo(values.email)
      form.reset()
    },
    { wrong_password: { field: 'password', message: account.wrongPassword } },
  )
  const field = fieldsOf(form)
  return (
    <div className="grid grid-cols-1 gap-3 p-4">
      <AuthForm
        {...sending}
        label={profile.change}
        submitText={profile.submit}
        submittingText={profile.submitting}
      >
        <EmailField label={profile.newEmail} autoComplete="email" {...field('email')} />
        <PasswordField
          label={account.passwordLabel}
          autoComplete="current-password"
          required
          {...field('password')}
        />
      </AuthForm>
      <Sent>{sentTo && profile.changeSent(sentTo)}</Sent>
    </div>
  )
}

/** The region is there before its text, so that the text is announced. */
function Sent({ children }: { children?: string }) {
  return (
    <div role="status" className="empty:hidden">
      {children && (
        <p className="rounded-md bg-good-wash px-3.5 py-3 text-sm font-medium wrap-anywhere text-good">
          {children}
        </p>
      )}
    </div>
  )
}
