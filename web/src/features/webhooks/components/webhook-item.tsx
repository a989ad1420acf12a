'use client'

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { CopyField } from '@/components/copy-field'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import type { Webhook } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { useEvent } from '@/lib/get-event'
import { viewerZone } from '@/lib/time-zone'
import { toast } from '@/lib/toast'
import { changeWebhook, deleteWebhook, rotateSecret, sendTest, webhooksQuery } from '../api/webhooks'
import { item as text, nameOfType, secret as secretText, texts } from '../strings'
import { Deliveries } from './deliveries'

const tones = { active: 'good', paused: 'off', failing: 'bad', gone: 'bad' } as const

/** A webhook: where it leads, how it is, and what can be done with it. */
export function WebhookItem({ webhook }: { webhook: Webhook }) {
  const { url, status, types, eventId, failingSince } = webhook
  const notes = { active: undefined, paused: text.pausedText, failing: text.failing, gone: text.gone }
  return (
    <li className="grid grid-cols-1 gap-4 rounded-ticket border bg-card p-5 sm:p-6">
      <div className="grid grid-cols-1 gap-1.5">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
          <h2 className="min-w-0 text-lg font-semibold wrap-anywhere">{url}</h2>
          <Badge tone={tones[status]}>{text.status[status]}</Badge>
        </div>
        <p className="text-sm text-soft">
          {types.length > 0 ? types.map(nameOfType).join(' · ') : text.everything}
          {eventId && <OnlyAt eventId={eventId} />}
        </p>
        {notes[status] && <p className="text-sm">{notes[status]}</p>}
        {failingSince && (
          <p className="text-sm text-bad">
            {text.trouble} <time dateTime={failingSince}>{formatDateTime(failingSince, viewerZone())}</time>
          </p>
        )}
      </div>
      <Actions webhook={webhook} />
      <Deliveries webhook={webhook} />
    </li>
  )
}

/** The only event that it is told of. */
function OnlyAt({ eventId }: { eventId: string }) {
  const { data: event } = useEvent(eventId)
  if (!event) return ` · ${text.oneEvent}`
  return (
    <>
      {' · '}
      {text.onlyAt} <bdi>{event.title}</bdi>
    </>
  )
}

function Actions({ webhook }: { webhook: Webhook }) {
  const { id, url, status } = webhook
  const client = useQueryClient()
  const [secret, setSecret] = useState<string>()
  const [isDeleting, setDeleting] = useState(false)
  const settings = {
    onError: (error: unknown) => toast.error(texts.notDone, { description: messageOf(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey }),
  }
  const switching = useMutation({
    mutationFn: () => changeWebhook(id, { status: status === 'active' ? 'paused' : 'active' }),
    ...settings,
  })
  const testing = useMutation({
    mutationFn: () => sendTest(id),
    onSuccess: () => toast.success(text.tested),
    ...settings,
  })
  const rotating = useMutation({
    mutationFn: () => rotateSecret(id),
    onSuccess: (made) => setSecret(made.secret),
    ...settings,
  })
  const deleting = useMutation({
    mutationFn: () => deleteWebhook(id),
    onSuccess: () => {
      client.setQueryData(webhooksQuery.queryKey, (list) => list?.filter((webhook) => webhook.id !== id))
      toast.success(text.removed)
    },
    onError: settings.onError,
    // Without its deliveries, which are gone too.
    onSettled: () => client.invalidateQueries({ ...webhooksQuery, exact: true }),
  })
  const of = <span className="sr-only">{text.of(url)}</span>
  const button = (label: string, action: { isPending: boolean; mutate: () => void }) => (
    <Button variant="outline" disabled={action.isPending} onClick={() => action.mutate()}>
      {label}
      {of}
    </Button>
  )
  return (
    <div className="flex flex-wrap gap-2.5">
      {status === 'active' && button(text.test, testing)}
      {button(status === 'active' ? text.pause : text.resume, switching)}
      {button(text.rotate, rotating)}
      <Button variant="quietDanger" onClick={() => setDeleting(true)}>
        {text.remove}
        {of}
      </Button>
      {isDeleting && (
        <AlertDialog
          onClose={() => setDeleting(false)}
          title={text.question}
          keep={text.keep}
          confirm={text.remove}
          pending={deleting.isPending}
          pendingText={text.removing}
          onConfirm={() => deleting.mutate()}
        >
          <p className="wrap-anywhere">{url}</p>
          <p>{text.consequence}</p>
        </AlertDialog>
      )}
      {secret && (
        <Dialog
          onClose={() => setSecret(undefined)}
          title={secretText.title}
          description={`${secretText.about} ${secretText.rotated}`}
        >
          <CopyField label={secretText.label} text={secret} words={secretText}>
            <Button variant="outline" onClick={() => setSecret(undefined)}>
              {secretText.done}
            </Button>
          </CopyField>
        </Dialog>
      )}
    </div>
  )
}
