'use client'

import { valibotResolver } from '@hookform/resolvers/valibot'
import { useQueryClient } from '@tanstack/react-query'
import { Check, Copy } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { useForm, type UseFormRegisterReturn } from 'react-hook-form'
import { array, maxLength, minLength, object, picklist, pipe, string, trim, type InferOutput } from 'valibot'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { InputField, PasswordField, SelectField } from '@/components/ui/field'
import type { User } from '@/lib/api/types'
import { copyFrom } from '@/lib/copy'
import { now } from '@/lib/server-time'
import { useSession } from '@/lib/session/store'
import { createKey, keysQuery, type Scope } from '../api/keys'
import { passwordSchema } from '../schemas'
import { account } from '../strings/account'
import { keys, lifetimes, scopes } from '../strings/keys'
import { useSubmit } from '../use-submit'
import { AuthForm } from './auth-form'

const DAY = 86_400_000 // milliseconds

const schema = object({
  name: pipe(string(), trim(), minLength(1, keys.noName), maxLength(100, keys.longName)),
  scopes: pipe(array(picklist(['read', 'book', 'manage', 'check_in', 'audit'])), minLength(1, keys.noScopes)),
  lifetime: picklist(['30', '90', '365', 'never']),
  password: passwordSchema,
})

/** What somebody of a role can do: more could be chosen, and would change nothing. */
const scopesOf: Record<User['role'], Scope[]> = {
  customer: ['read', 'book'],
  organizer: ['read', 'book', 'manage', 'check_in'],
  admin: ['read', 'book', 'manage', 'check_in'],
  auditor: ['read', 'book', 'audit'],
}

/** Asks what a new key is for, and then shows it: the only time that there is something to copy. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<string>()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={made ? keys.newTitle : keys.createTitle}
      description={made ? keys.newAbout : keys.createAbout}
    >
      {made ? <NewKey text={made} onClose={onClose} /> : <KeyForm onMade={setMade} />}
    </Dialog>
  )
}

function KeyForm({ onMade }: { onMade: (key: string) => void }) {
  const client = useQueryClient()
  const role = useSession((s) => s.user?.role) ?? 'customer'
  const form = useForm<InferOutput<typeof schema>>({
    resolver: valibotResolver(schema),
    defaultValues: { name: '', scopes: ['read'], lifetime: '90', password: '' },
  })
  const sending = useSubmit(
    form,
    ['name', 'scopes', 'password'],
    async ({ lifetime, ...values }) => {
      const expiresAt =
        lifetime === 'never' ? undefined : new Date(now() + Number(lifetime) * DAY).toISOString()
      const { key } = await createKey({ ...values, expiresAt })
      void client.invalidateQueries(keysQuery)
      onMade(key)
    },
    {
      wrong_password: { field: 'password', message: account.wrongPassword },
      too_many_keys: { field: 'name', message: keys.tooMany },
    },
  )
  const { errors } = form.formState
  return (
    <div className="mt-4">
      <AuthForm
        {...sending}
        label={keys.createTitle}
        submitText={keys.submit}
        submittingText={keys.submitting}
      >
        <InputField
          label={keys.name}
          hint={keys.nameHint}
          autoComplete="off"
          required
          error={errors.name?.message}
          {...form.register('name')}
        />
        <ScopeChoice
          allowed={scopesOf[role]}
          error={errors.scopes?.message}
          register={form.register('scopes')}
        />
        <SelectField label={keys.expiry} {...form.register('lifetime')}>
          {Object.entries(lifetimes).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </SelectField>
        <PasswordField
          label={account.passwordLabel}
          autoComplete="current-password"
          required
          error={errors.password?.message}
          {...form.register('password')}
        />
      </AuthForm>
    </div>
  )
}

function ScopeChoice({
  allowed,
  error,
  register,
}: {
  allowed: Scope[]
  error?: string
  register: UseFormRegisterReturn
}) {
  const id = useId()
  return (
    <fieldset aria-describedby={error && id} className="grid gap-1.5">
      <legend className="mb-1.5 text-sm font-semibold">{keys.scopes}</legend>
      {allowed.map((scope) => (
        <label key={scope} className="flex min-h-11 items-center gap-3 rounded-md border px-3 py-2">
          <input type="checkbox" value={scope} className="size-5 shrink-0 accent-stamp" {...register} />
          <span className="grid">
            <span className="text-ui font-semibold">{scopes[scope].name}</span>
            <span className="text-sm text-soft">{scopes[scope].about}</span>
          </span>
        </label>
      ))}
      <p id={id} aria-live="polite" className="min-h-5 text-sm font-medium text-bad">
        {error}
      </p>
    </fieldset>
  )
}

function NewKey({ text, onClose }: { text: string; onClose: () => void }) {
  const input = useRef<HTMLInputElement>(null)
  const [isCopied, setCopied] = useState(false)
  const copy = () => setCopied(copyFrom(input.current))
  const Icon = isCopied ? Check : Copy
  return (
    <div className="mt-4 grid gap-2">
      <InputField
        ref={input}
        label={keys.key}
        readOnly
        autoFocus
        value={text}
        className="font-mono text-sm"
        onFocus={(e) => e.target.select()}
      />
      <div className="grid gap-2.5 sm:grid-cols-2">
        <Button onClick={copy}>
          <Icon aria-hidden />
          <span aria-live="polite">{isCopied ? keys.copied : keys.copy}</span>
        </Button>
        <Button variant="outline" onClick={onClose}>
          {keys.done}
        </Button>
      </div>
    </div>
  )
}
