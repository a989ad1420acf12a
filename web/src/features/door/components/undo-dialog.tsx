'use client'

import { useMutation } from '@tanstack/react-query'
import { useState, type SyntheticEvent } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { InputField } from '@/components/ui/field'
import { AttemptKey } from '@/lib/attempt-key'
import { messageOf } from '@/lib/form-errors'
import { toast } from '@/lib/toast'
import { undo } from '../undo'
import { strings } from '../strings'

const text = strings.undo
const MAX_REASON = 200

export function UndoDialog({
  eventId,
  code,
  name,
  onDone,
  onClose,
}: {
  eventId: string
  code: string
  name: string
  onDone: () => void
  onClose: () => void
}) {
  const [key] = useState(() => new AttemptKey())
  const [error, setError] = useState<string>()
  const sending = useMutation({
    mutationFn: (reason: string) => undo(eventId, code, reason, key.for(reason)),
    onSuccess: () => {
      toast.success(text.done)
      onDone()
    },
  })
  const submit = (e: SyntheticEvent<HTMLFormElement>) => {
    e.preventDefault()
    const reason = String(new FormData(e.currentTarget).get('reason')).trim()
    const wrong = reason ? (reason.length > MAX_REASON ? text.tooLong : undefined) : text.empty
    setError(wrong)
    if (!wrong && !sending.isPending) sending.mutate(reason)
  }
  return (
    <Dialog onClose={onClose} title={text.title} description={text.about(name)}>
      <form onSubmit={submit} noValidate className="mt-4 grid gap-tight">
        {sending.error && <Alert>{messageOf(sending.error)}</Alert>}
        <InputField label={text.reason} hint={text.hint} name="reason" autoComplete="off" error={error} />
        <Button type="submit" variant="danger" aria-disabled={sending.isPending}>
          {sending.isPending ? text.submitting : text.submit}
        </Button>
      </form>
    </Dialog>
  )
}
