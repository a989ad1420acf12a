'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { object } from 'valibot'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { PasswordField } from '@/components/ui/field'
import { deleteAccount } from '../api/account'
import { account, deletion } from '../strings/account'
import { passwordSchema } from '../schemas'
import { fieldsOf, useSubmit } from '../use-submit'
import { AccountSection } from './account-section'
import { AuthForm } from './auth-form'

export function DeleteAccount() {
  const [isOpen, setOpen] = useState(false)
  return (
    <AccountSection title={deletion.title} about={deletion.about}>
      <Button
        variant="quietDanger"
        className="justify-self-start border border-bad"
        onClick={() => setOpen(true)}
      >
        {deletion.open}
      </Button>
      {isOpen && (
        <Dialog onClose={() => setOpen(false)} title={deletion.question} description={deletion.confirm}>
          <DeleteForm />
        </Dialog>
      )}
    </AccountSection>
  )
}

function DeleteForm() {
  const form = useForm<{ password: string }>({
    resolver: valibotResolver(object({ password: passwordSchema })),
    defaultValues: { password: '' },
  })
  const sending = useSubmit(form, ['password'], deleteAccount, {
    wrong_password: { field: 'password', message: account.wrongPassword },
  })
  return (
    <div className="mt-4 grid gap-5">
      <ul className="grid list-disc gap-1.5 pl-5">
        {deletion.consequences.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <AuthForm
        {...sending}
        variant="danger"
        label={deletion.title}
        submitText={deletion.submit}
        submittingText={deletion.submitting}
      >
        <PasswordField
          label={account.passwordLabel}
          autoComplete="current-password"
          required
          {...fieldsOf(form)('password')}
        />
      </AuthForm>
    </div>
  )
}
