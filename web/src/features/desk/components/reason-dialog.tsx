'use client'

import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { InputField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'
import { ApiError } from '@/lib/api/error'
import { AttemptKey } from '@/lib/attempt-key'
import { messageOf } from '@/lib/form-errors'
import { toast } from '@/lib/toast'
import { reasons } from '../guests-strings'

/** Does what needs a reason. */
export function ReasonDialog({
  name,
  text,
  act,
  onClose,
}: {
  name: string
  text: (typeof reasons)['cancel' | 'undo']
  act: (reason: string, key: string) => Promise<unknown>
  onClose: () => void
}) {
  const [reason, setReason] = useState('')
  const attempt = useRef(new AttemptKey())
  const acting = useMutation({
    mutationFn: () => act(reason, attempt.current.for(reason)),
    onSuccess: () => {
      toast.success(text.done(name))
      onClose()
    },
  })
  const wrong = acting.error instanceof ApiError ? acting.error.fields.reason : undefined
  return (
    <Dialog onClose={() => !acting.isPending && onClose()} title={text.title} description={text.body(name)}>
      <form
        className="mt-4 grid gap-2"
        onSubmit={(e) => {
          e.preventDefault()
          acting.mutate()
        }}
      >
        <InputField
          label={reasons.label}
          hint={text.hint}
          name="reason"
          autoComplete="off"
          maxLength={200}
          required
          value={reason}
          onChange={(e) => setReason(e.target.value)}
          error={wrong ?? (acting.error && messageOf(acting.error))}
        />
        <div className="flex flex-col-reverse gap-2.5 sm:flex-row sm:justify-end">
          <Button variant="outline" disabled={acting.isPending} onClick={onClose}>
            {reasons.keep}
          </Button>
          <Button type="submit" variant="danger" disabled={acting.isPending}>
            {acting.isPending && <Spinner />}
            <span>{text.confirm}</span>
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
