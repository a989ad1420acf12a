'use client'

import { useMutation } from '@tanstack/react-query'
import { describeLines } from '@/components/ticket-lines'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Event, WaitlistEntry } from '@/lib/api/types'
import { leave } from '../actions'
import { banner, hold, waiting as text } from '../strings'

/** The user's place on the waiting list of an event. */
export function WaitingPanel({ entry, event }: { entry: WaitlistEntry; event: Event | undefined }) {
  const title = event?.title ?? banner.event
  const leaving = useMutation({ mutationFn: () => leave(entry, title) })
  return (
    <div className="grid gap-3">
      <p className="font-semibold">{text.title}</p>
      <p role="status" className="type-display text-2xl">
        {entry.place ? text.place(entry.place) : ''}
      </p>
      <p className="font-medium">{describeLines(entry.lines, event)}</p>
      <p className="text-sm text-soft">{text.hint}</p>
      <Button
        variant="outline"
        aria-disabled={leaving.isPending}
        onClick={() => !leaving.isPending && leaving.mutate()}
      >
        {leaving.isPending && <Spinner />}
        <span>{leaving.isPending ? text.leaving : text.leave}</span>
        <span className="sr-only">{hold.for(title)}</span>
      </Button>
    </div>
  )
}
