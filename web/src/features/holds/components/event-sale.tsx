'use client'

import dynamic from 'next/dynamic'
import { useEffect, useRef, type ReactNode } from 'react'
import { Skeleton } from '@/components/ui/skeleton'
import type { Event } from '@/lib/api/types'
import { isSimple, useSale } from '@/lib/sale'
import { useHolds, useWaitlist } from '../api/list-holds'
import { useLapse } from '../lapses'

const loading = () => <Skeleton className="h-44 w-full rounded-md" />
const ChooseTickets = dynamic(() => import('./choose-tickets').then((file) => file.ChooseTickets), {
  loading,
})
const HoldPanel = dynamic(() => import('./hold-panel').then((file) => file.HoldPanel), { loading })
const Lapse = dynamic(() => import('./lapse').then((file) => file.Lapse))
const WaitingPanel = dynamic(() => import('./waiting-panel').then((file) => file.WaitingPanel), { loading })

/**
 * How tickets of an event are bought: at once by `button`, where there is nothing to choose, else chosen,
 * reserved and paid for. What is sold out can be waited for. `booked` is how many tickets the user has,
 * as far as it is known.
 */
export function EventSale({
  event,
  booked = 0,
  button,
}: {
  event: Event
  booked: number | undefined
  button: ReactNode
}) {
  const { phase } = useSale(event)
  const hold = useHolds().data?.find((h) => h.eventId === event.id)
  const entry = useWaitlist().data?.find((e) => e.eventId === event.id)
  const lapsed = useLapse(event.id)
  const focus = useFocusOnChange(hold?.id ?? entry?.id)
  const canWait = phase === 'open' && event.remainingTickets <= 0 && booked === 0
  return (
    <div {...focus} tabIndex={-1} className="grid gap-4 outline-none">
      {lapsed && <Lapse hold={lapsed} />}
      {hold ? (
        <HoldPanel hold={hold} event={event} />
      ) : entry ? (
        <WaitingPanel entry={entry} event={event} />
      ) : isSimple(event) ? (
        <>
          {button}
          {canWait && <ChooseTickets event={event} booked={booked} />}
        </>
      ) : (
        <ChooseTickets event={event} booked={booked} />
      )}
    </div>
  )
}

/** The button that was pressed is gone: what has come instead takes the focus. */
function useFocusOnChange(id: string | undefined) {
  const ref = useRef<HTMLDivElement>(null)
  const hadFocus = useRef(false)
  const previous = useRef(id)
  useEffect(() => {
    if (previous.current !== id && hadFocus.current) ref.current?.focus({ preventScroll: true })
    previous.current = id
  }, [id])
  return {
    ref,
    onFocus: () => (hadFocus.current = true),
    // A button that is removed leaves the focus to nothing.
    onBlur: ({ relatedTarget }: { relatedTarget: unknown }) => (hadFocus.current = !relatedTarget),
  }
}
