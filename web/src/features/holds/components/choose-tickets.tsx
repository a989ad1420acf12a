'use client'

import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event, TicketLine } from '@/lib/api/types'
import { AttemptKey } from '@/lib/attempt-key'
import { eventKeys } from '@/lib/event-cache'
import { formatPrice } from '@/lib/format'
import { queryClient } from '@/lib/query-client'
import { isSimple, totalOf, useSale } from '@/lib/sale'
import { strings } from '@/lib/strings'
import { join, reserve } from '../actions'
import { selectionOf, type Chosen } from '../selection'
import { choose as text } from '../strings'
import { Stepper } from './stepper'

/**
 * The ticket types, how many of each, and the button that reserves them. What there is not enough of can
 * be waited for. `booked` is how many tickets of the event the user has.
 */
export function ChooseTickets({ event, booked }: { event: Event; booked: number }) {
  if (booked < event.maxPerCustomer) return <Choice event={event} booked={booked} />
  return (
    <>
      <Button variant="done" size="wide" aria-disabled>
        {text.booked}
      </Button>
      <p className="text-center text-sm text-soft">{text.bookedAll(booked)}</p>
    </>
  )
}

function Choice({ event, booked }: { event: Event; booked: number }) {
  const { phase } = useSale(event)
  useNewCounts(event)
  const [chosen, setChosen] = useState<Chosen>({})
  const [wantsToWait, setWantsToWait] = useState(false)
  const [attempt] = useState(() => new AttemptKey())
  const most = event.maxPerCustomer - booked
  const isGone = event.remainingTickets <= 0
  const isWaiting = isGone || wantsToWait
  const isOne = isSimple(event) // there is nothing to choose

  const { rows, lines, wanted, isEnough } = selectionOf(event, chosen, most, isWaiting)
  const canWait =
    !isGone && rows.some(({ type, left }) => left < Math.min(most, type.capacity ?? event.totalTickets))

  const send = useMutation({
    mutationFn: async () => {
      const body: TicketLine[] = lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity }))
      const act = isEnough ? reserve : join
      if (await act(event, body, attempt.for([isEnough, body]))) attempt.forget()
    },
  })
  const isDisabled = phase !== 'open' || wanted === 0 || send.isPending
  const [label, pending] = isEnough ? [text.reserve(wanted), text.reserving] : [text.join, text.joining]

  return (
    <div className="grid gap-4">
      {!isOne && (
        <>
          <fieldset className="grid gap-1">
            <legend className="type-label mb-2 text-soft">{text.legend}</legend>
            <ul className="grid gap-3">
              {rows.map(({ type, left, quantity, most }) => (
                <li key={type.id} className="flex items-center justify-between gap-3">
                  <div className="min-w-0">
                    <p className="font-semibold">
                      <bdi>{type.name}</bdi>
                    </p>
                    <p className="text-sm text-soft">
                      <span className="font-semibold text-ink">
                        {formatPrice(type.price, event.currency)}
                      </span>
                      {' · '}
                      <span className={left === 0 ? 'font-semibold text-bad' : undefined}>
                        {text.left(left)}
                      </span>
                    </p>
                  </div>
                  <Stepper
                    name={type.name}
                    value={quantity}
                    most={most}
                    onChange={(quantity) => setChosen({ ...chosen, [type.id]: quantity })}
                  />
                </li>
              ))}
            </ul>
            <p className="mt-2 text-sm text-soft">
              {booked > 0 ? text.limitLeft(most, booked) : text.limit(event.maxPerCustomer)}
            </p>
          </fieldset>
          {canWait && (
            <Button
              variant="quiet"
              className="-mx-4 justify-start"
              onClick={() => setWantsToWait(!wantsToWait)}
            >
              {wantsToWait ? text.noWait : text.wantWait}
            </Button>
          )}
          <p className="flex items-baseline justify-between border-t pt-3">
            <span className="font-semibold">{strings.total}</span>
            <output className="type-display text-2xl">
              {wanted > 0 ? formatPrice(totalOf(lines) ?? 0, event.currency) : '–'}
            </output>
          </p>
        </>
      )}
      <p role="status" className="text-sm text-soft empty:hidden">
        {isGone ? text.soldOut : isWaiting && wanted > 0 && isEnough ? text.available : ''}
      </p>
      <Button
        size="wide"
        aria-disabled={isDisabled}
        aria-busy={send.isPending || undefined}
        onClick={() => !isDisabled && send.mutate()}
      >
        {send.isPending && <Spinner />}
        <span>
          {phase !== 'open'
            ? strings.notOpen[phase]
            : send.isPending
              ? pending
              : wanted === 0
                ? text.none
                : label}
        </span>
      </Button>
      {isEnough && wanted > 0 && phase === 'open' && (
        <p className="text-center text-sm text-soft">{text.reserveHint}</p>
      )}
    </div>
  )
}

const PAUSE = 1_000 // milliseconds

/** Fetches what is left of each type when the event has changed: only its total is pushed. */
function useNewCounts({ id, version }: Event): void {
  const [fetched, setFetched] = useState(version)
  useEffect(() => {
    if (version === fetched) return
    const timer = setTimeout(() => {
      setFetched(version)
      void queryClient.invalidateQueries({ queryKey: eventKeys.one(id) })
    }, PAUSE)
    return () => clearTimeout(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps -- further changes within the pause do not put it off
  }, [id, fetched, version !== fetched])
}
