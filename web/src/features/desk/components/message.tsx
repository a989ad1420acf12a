'use client'

import { useMutation, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Panel } from '@/components/panel'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { Button } from '@/components/ui/button'
import { InputField, TextareaField } from '@/components/ui/field'
import { ApiError } from '@/lib/api/error'
import type { DeskEvent } from '@/lib/api/types'
import { AttemptKey } from '@/lib/attempt-key'
import { deskKeys } from '@/lib/event-cache'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { viewerZone } from '@/lib/time-zone'
import { queryClient } from '@/lib/query-client'
import { toast } from '@/lib/toast'
import { messagesQuery, sendMessage } from '../api/guests'
import { message as text } from '../guests-strings'
import { may } from '../roles'

/** Writes to everybody who has tickets, and shows what was written. */
export function Message({ eventId, role }: { eventId: string; role: DeskEvent['role'] }) {
  return (
    <Panel title={text.title}>
      {may(role, 'manage') && <Compose eventId={eventId} />}
      <Sent eventId={eventId} />
    </Panel>
  )
}

function Compose({ eventId }: { eventId: string }) {
  const [draft, setDraft] = useState({ subject: '', text: '' })
  const [isAsked, setAsked] = useState(false)
  const attempt = useRef(new AttemptKey())
  const sending = useMutation({
    mutationFn: () => sendMessage(eventId, draft, attempt.current.for(draft)),
    onSuccess: ({ recipients }) => {
      toast.success(text.done(recipients))
      attempt.current.forget()
      setDraft({ subject: '', text: '' })
      void queryClient.invalidateQueries({ queryKey: deskKeys.messages(eventId) })
    },
    onSettled: () => setAsked(false),
  })
  const fields: Partial<Record<string, string>> =
    sending.error instanceof ApiError ? sending.error.fields : {}
  const failed = sending.error && !fields.subject && !fields.text ? messageOf(sending.error) : undefined
  return (
    <form
      aria-label={text.title}
      className="grid gap-1"
      onSubmit={(e) => {
        e.preventDefault()
        setAsked(true)
      }}
    >
      <p className="mb-2 text-soft">{text.about}</p>
      <InputField
        label={text.subject}
        autoComplete="off"
        required
        maxLength={150}
        value={draft.subject}
        onChange={(e) => setDraft({ ...draft, subject: e.target.value })}
        error={fields.subject}
      />
      <TextareaField
        label={text.text}
        hint={text.hint}
        required
        maxLength={2000}
        value={draft.text}
        onChange={(e) => setDraft({ ...draft, text: e.target.value })}
        error={fields.text ?? failed}
      />
      <Button type="submit" className="justify-self-start">
        {text.submit}
      </Button>
      {isAsked && (
        <AlertDialog
          onClose={() => setAsked(false)}
          title={text.confirm.title}
          keep={text.confirm.keep}
          confirm={text.confirm.confirm}
          pending={sending.isPending}
          pendingText={text.confirm.pending}
          onConfirm={() => sending.mutate()}
        >
          {text.confirm.body}
        </AlertDialog>
      )}
    </form>
  )
}

function Sent({ eventId }: { eventId: string }) {
  const list = useQuery(messagesQuery(eventId))
  if (list.error && !list.data) return <LoadError title={text.failed} query={list} />
  return (
    <section aria-label={text.sent} className="grid gap-3">
      <h3 className="type-label text-soft">{text.sent}</h3>
      {list.data?.length === 0 && <p className="text-soft">{text.none}</p>}
      <ul className="grid gap-4">
        {list.data?.map(({ subject, text: body, sentAt, sentBy, recipients }) => (
          <li key={sentAt} className="border-l-4 border-line pl-4">
            <bdi className="block font-semibold wrap-anywhere">{subject}</bdi>
            <p className="text-sm text-soft">
              <bdi>{text.by(sentBy.name, formatDateTime(sentAt, viewerZone()), recipients)}</bdi>
            </p>
            <p dir="auto" className="mt-1 wrap-anywhere whitespace-pre-line">
              {body}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
