'use client'

import { useIsMutating, useMutation } from '@tanstack/react-query'
import { TicketLines } from '@/components/ticket-lines'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event, Hold } from '@/lib/api/types'
import { useSecondsUntil } from '@/lib/countdown'
import { formatPrice } from '@/lib/format'
import { newKey } from '@/lib/new-key'
import { quantityOf } from '@/lib/sale'
import { now } from '@/lib/server-time'
import { giveBack, pay, renew } from '../actions'
import { keyOf } from '../keys'
import { banner, hold as text } from '../strings'
import { Countdown } from './countdown'

/** A reservation that ends within this many seconds can be renewed: before that, it would gain little. */
const ENDS_SOON = 180

/** Tickets that are set aside for the user: what they cost, the time left, and what can be done with them. */
export function HoldPanel({ hold, event }: { hold: Hold; event: Event | undefined }) {
  const title = event?.title ?? banner.event
  return (
    <div className="grid gap-4">
      <div className="flex items-baseline justify-between gap-3">
        <p className="font-semibold">{hold.offered ? text.offerTitle : text.title}</p>
        <p className="type-display text-3xl">
          <span className="sr-only">{text.timeLeft} </span>
          <Countdown until={hold.expiresAt} />
        </p>
      </div>
      {hold.offered && <p className="text-soft">{text.offerText(quantityOf(hold.lines))}</p>}
      <TicketLines lines={hold.lines} currency={hold.currency} event={event} />
      <HoldActions hold={hold} title={title} />
      {hold.total > 0 && <p className="text-center text-sm text-soft">{text.simulated}</p>}
    </div>
  )
}

function HoldActions({ hold, title }: { hold: Hold; title: string }) {
  const payment = useMutation({ mutationKey: keyOf(hold), mutationFn: () => pay(hold, title) })
  const release = useMutation({ mutationKey: keyOf(hold), mutationFn: () => giveBack(hold) })
  const renewal = useMutation({ mutationKey: keyOf(hold), mutationFn: () => renew(hold, newKey()) })
  const canRenew = useSecondsUntil(Date.parse(hold.expiresAt), now) <= ENDS_SOON && !hold.offered
  // On whatever page it was begun.
  const isBusy = useIsMutating({ mutationKey: keyOf(hold) }) > 0
  const price = formatPrice(hold.total, hold.currency)
  const words = hold.offered
    ? [hold.total > 0 ? text.accept(price) : text.acceptFree, text.decline, text.declining]
    : [hold.total > 0 ? text.pay(price) : text.free, text.release, text.releasing]
  return (
    <div className="flex flex-wrap gap-2.5 *:grow">
      <Button aria-disabled={isBusy} onClick={() => !isBusy && payment.mutate()}>
        {payment.isPending && <Spinner />}
        <span>{payment.isPending ? (hold.total > 0 ? text.paying : text.confirming) : words[0]}</span>
        <For title={title} />
      </Button>
      <Button variant="outline" aria-disabled={isBusy} onClick={() => !isBusy && release.mutate()}>
        {release.isPending && <Spinner />}
        <span>{release.isPending ? words[2] : words[1]}</span>
        <For title={title} />
      </Button>
      {canRenew && (
        <Button variant="quiet" aria-disabled={isBusy} onClick={() => !isBusy && renewal.mutate()}>
          {renewal.isPending && <Spinner />}
          <span>{renewal.isPending ? text.renewing : text.renew}</span>
          <For title={title} />
        </Button>
      )}
    </div>
  )
}

const For = ({ title }: { title: string }) => <span className="sr-only">{text.for(title)}</span>
