'use client'

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { CopyField } from '@/components/copy-field'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { InputField, SelectField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'
import { ApiError } from '@/lib/api/error'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { eventsQuery } from '../api/list-events'
import { createWebhook, webhooksQuery } from '../api/webhooks'
import { adding as text, secret as secretText, types } from '../strings'

/** A form, and after it the secret of the new webhook. */
export function AddWebhook({ onClose }: { onClose: () => void }) {
  const [secret, setSecret] = useState<string>()
  return (
    <Dialog
      onClose={onClose}
      title={secret ? secretText.title : text.open}
      description={secret ? secretText.about : text.about}
    >
      {secret ? (
        <CopyField label={secretText.label} text={secret} words={secretText}>
          <Button variant="outline" onClick={onClose}>
            {secretText.done}
          </Button>
        </CopyField>
      ) : (
        <Form onAdded={setSecret} />
      )}
    </Dialog>
  )
}

function Form({ onAdded }: { onAdded: (secret: string) => void }) {
  const client = useQueryClient()
  const [url, setUrl] = useState('')
  const [eventId, setEventId] = useState('') // empty: all events
  const events = useQuery(eventsQuery).data ?? []
  const [chosen, setChosen] = useState<readonly string[]>() // undefined: everything
  const [mistakes, setMistakes] = useState<{ url?: string; types?: string }>({})
  const adding = useMutation({
    mutationFn: createWebhook,
    onSuccess: ({ secret }) => {
      void client.invalidateQueries(webhooksQuery)
      onAdded(secret)
    },
    onError: (error) => {
      if (error instanceof ApiError) setMistakes(error.fields)
    },
  })
  const submit = (event: React.SubmitEvent) => {
    event.preventDefault()
    const found = {
      ...(url.trim() === '' && { url: text.urlMissing }),
      ...(chosen?.length === 0 && { types: text.noneChosen }),
    }
    setMistakes(found)
    if (!found.url && !found.types)
      adding.mutate({ url: url.trim(), types: [...(chosen ?? [])], ...(eventId && { eventId }) })
  }
  const toggle = (type: string, isOn: boolean) =>
    setChosen((before = []) => (isOn ? [...before, type] : before.filter((one) => one !== type)))
  const whole = adding.error && !mistakes.url && !mistakes.types ? messageOf(adding.error) : undefined
  return (
    <form noValidate aria-label={text.open} className="mt-4 grid gap-4" onSubmit={submit}>
      <InputField
        label={text.url}
        hint={text.urlHint}
        type="url"
        inputMode="url"
        autoComplete="off"
        required
        placeholder="https://example.com/webhooks"
        value={url}
        error={mistakes.url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <SelectField label={text.events} value={eventId} onChange={(event) => setEventId(event.target.value)}>
        <option value="">{text.allEvents}</option>
        {events.map(({ id, title, date, timeZone }) => (
          <option key={id} value={id}>
            {text.oneEvent(title, formatDateTime(date, timeZone))}
          </option>
        ))}
      </SelectField>
      <fieldset className="grid gap-1">
        <legend className="mb-1 text-sm font-semibold">{text.what}</legend>
        <Choice
          type="radio"
          label={text.everything}
          checked={!chosen}
          onChange={() => setChosen(undefined)}
        />
        <Choice
          type="radio"
          label={text.some}
          checked={!!chosen}
          onChange={() => setChosen((all) => all ?? [])}
        />
        {chosen && (
          <div className="grid max-h-60 gap-0.5 overflow-y-auto rounded-md border px-3 py-1.5">
            {types.map(([type, name]) => (
              <Choice
                key={type}
                type="checkbox"
                label={name}
                checked={chosen.includes(type)}
                onChange={(event) => toggle(type, event.target.checked)}
              />
            ))}
          </div>
        )}
        <p role="alert" className="min-h-5 text-sm font-medium text-bad">
          {mistakes.types ?? whole}
        </p>
      </fieldset>
      <Button type="submit" size="wide" disabled={adding.isPending}>
        {adding.isPending && <Spinner />}
        {adding.isPending ? text.submitting : text.submit}
      </Button>
    </form>
  )
}

function Choice({ label, ...props }: { label: string } & React.ComponentProps<'input'>) {
  return (
    <label className="flex min-h-11 items-center gap-2.5">
      <input {...props} className="size-4.5 shrink-0 accent-stamp" />
      {label}
    </label>
  )
}
