'use client'

import { CircleCheck, CircleX, TicketCheck, TriangleAlert } from 'lucide-react'
import { cx } from 'class-variance-authority'
import type { ReactNode } from 'react'
import { formatSecond } from '@/lib/format'
import type { Result } from '../scan'
import { strings } from '../strings'

const text = strings.result

export interface Shown {
  id: number // of the scan: the same result twice is announced twice
  result?: Result
  failure?: string
}

/** What to do with the person in front of the door, seen from two metres away, and spoken. */
export function ScanResult({ shown, action }: { shown: Shown | undefined; action?: ReactNode }) {
  return (
    <section aria-label={text.region} className="grid gap-tight">
      <div role="status" aria-live="assertive" aria-atomic>
        {shown ? <Box key={shown.id} {...shown} /> : <Waiting />}
      </div>
      {action}
    </section>
  )
}

const box = 'grid min-h-36 content-center justify-items-center gap-1 rounded-ticket px-4 py-5 text-center'

const Waiting = () => (
  <div className={cx(box, 'border border-dashed border-control text-soft')}>
    <TicketCheck aria-hidden className="size-8" />
    <p>{text.ready}</p>
  </div>
)

function Box({ result, failure }: Shown) {
  if (!result)
    return (
      <div className={cx(box, 'bg-warn-wash text-warn')}>
        <TriangleAlert aria-hidden className="size-8" />
        <p className="type-display text-3xl">{text.unknown}</p>
        <p>{failure}</p>
      </div>
    )
  const { outcome, name, type, number, at, by = '', here, offline } = result
  const isGood = outcome === 'admitted'
  const Icon = isGood ? CircleCheck : CircleX
  return (
    <div data-outcome={outcome} className={cx(box, isGood ? 'bg-good text-card' : 'bg-bad text-card')}>
      <Icon aria-hidden className="size-10" />
      <p className="type-display text-4xl">{text[outcome]}</p>
      {name && (
        <p className="text-xl font-semibold">
          <bdi>{name}</bdi>
        </p>
      )}
      {type && <p>{text.ticket(type, number)}</p>}
      {at !== undefined && <p>{here ? text.here(formatSecond(at)) : text.before(formatSecond(at), by)}</p>}
      {offline && <p className="text-sm">{text.kept}</p>}
    </div>
  )
}
