'use client'

import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Panel } from '@/components/panel'
import { Button } from '@/components/ui/button'
import { InputField, SelectField } from '@/components/ui/field'
import { Spinner } from '@/components/ui/spinner'
import { codeOf } from '@/lib/api/error'
import { AttemptKey } from '@/lib/attempt-key'
import { messageOf } from '@/lib/form-errors'
import { formatPrice } from '@/lib/format'
import { deskKeys, eventKeys } from '@/lib/event-cache'
import { useEvent } from '@/lib/get-event'
import { queryClient } from '@/lib/query-client'
import { toast } from '@/lib/toast'
import { bookFor } from '../api/guests'
import { sell as text } from '../guests-strings'

/** Books tickets for somebody who stands at the desk. */
export function SellHere({ eventId }: { eventId: string }) {
  const event = useEvent(eventId).data
  const [email, setEmail] = useState('')
  const [typeId, setTypeId] = useState<number>()
  const [quantity, setQuantity] = useState(1)
  const attempt = useRef(new AttemptKey())
  const lines = [{ ticketTypeId: typeId ?? event?.ticketTypes[0]?.id ?? 1, quantity }]
  const selling = useMutation({
    mutationFn: () => bookFor(eventId, email, lines, attempt.current.for({ email, lines })),
    onSuccess: () => {
      toast.success(text.done(quantity, email))
      attempt.current.forget()
      setEmail('')
      setQuantity(1)
      void queryClient.invalidateQueries({ queryKey: deskKeys.all })
      void queryClient.invalidateQueries({ queryKey: eventKeys.all })
    },
  })
  if (!event) return null
  const wrong = selling.error && (text.refused[codeOf(selling.error) ?? ''] ?? messageOf(selling.error))
  return (
    <Panel title={text.title}>
      <p className="text-soft">{text.about}</p>
      <form
        aria-label={text.title}
        className="grid items-end gap-x-4 gap-y-1 sm:grid-cols-[1fr_12rem_6rem]"
        onSubmit={(e) => {
          e.preventDefault()
          selling.mutate()
        }}
      >
        <InputField
          label={text.email}
          type="email"
          autoComplete="off"
          required
          value={email}
          onChange={(e) => setEmail(e.target.value)}
          error={wrong}
        />
        <SelectField
          label={text.type}
          value={lines[0]!.ticketTypeId}
          onChange={(e) => setTypeId(Number(e.target.value))}
        >
          {event.ticketTypes.map(({ id, name, price }) => (
            <option key={id} value={id}>
              {name}, {formatPrice(price, event.currency)}
            </option>
          ))}
        </SelectField>
        <InputField
          label={text.quantity}
          type="number"
          inputMode="numeric"
          min={1}
          max={event.maxPerCustomer}
          required
          value={quantity}
          onChange={(e) => setQuantity(Number(e.target.value))}
        />
        <Button type="submit" className="sm:col-span-3 sm:justify-self-start" disabled={selling.isPending}>
          {selling.isPending && <Spinner />}
          <span>{selling.isPending ? text.pending : text.submit}</span>
        </Button>
      </form>
    </Panel>
  )
}
