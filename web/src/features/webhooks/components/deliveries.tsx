'use client'

import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { ChevronDown } from 'lucide-react'
import { useState } from 'react'
import { LoadError } from '@/components/load-error'
import { MoreButton } from '@/components/more-button'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import type { Webhook, WebhookDelivery } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { viewerZone } from '@/lib/time-zone'
import { toast } from '@/lib/toast'
import { deliveriesQuery, redeliver } from '../api/webhooks'
import { deliveries as text, item, nameOfType, texts } from '../strings'

/** What was sent to a webhook. It is fetched once it is opened. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details className="group rounded-md border" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="flex min-h-11 cursor-pointer items-center justify-between gap-3 px-3.5 text-sm font-semibold">
        <span>
          {text.title}
          <span className="sr-only">{item.of(webhook.url)}</span>
        </span>
        <ChevronDown aria-hidden className="size-4 shrink-0 text-soft group-open:rotate-180" />
      </summary>
      {isOpen && <List webhook={webhook} />}
    </details>
  )
}

function List({ webhook }: { webhook: Webhook }) {
  const query = useInfiniteQuery(deliveriesQuery(webhook.id))
  const client = useQueryClient()
  const sending = useMutation({
    mutationFn: (delivery: WebhookDelivery) => redeliver(webhook.id, delivery.id),
    onSuccess: () => toast.success(text.sentAgain),
    onError: (error) => toast.error(texts.notDone, { description: messageOf(error) }),
    onSettled: () => client.invalidateQueries({ queryKey: deliveriesQuery(webhook.id).queryKey }),
  })
  const all = query.data?.pages.flatMap(({ data }) => data)
  if (!all)
    return query.error ? <LoadError title={text.failed} query={query} /> : <Skeleton className="m-3.5 h-16" />
  if (all.length === 0) return <p className="border-t p-3.5 text-sm text-soft">{text.none}</p>
  return (
    <div className="grid border-t">
      <ul aria-label={text.title} className="divide-y">
        {all.map((delivery) => (
          <Item
            key={delivery.id}
            delivery={delivery}
            onSend={
              webhook.status === 'active' && !sending.isPending ? () => sending.mutate(delivery) : undefined
            }
          />
        ))}
      </ul>
      <div className="grid p-1.5 empty:hidden">
        <MoreButton list={query}>{text.more}</MoreButton>
      </div>
    </div>
  )
}

const tones = { pending: 'warn', delivered: 'good', failed: 'bad' } as const

const time = (at: string) => <time dateTime={at}>{formatDateTime(at, viewerZone())}</time>

function Item({ delivery, onSend }: { delivery: WebhookDelivery; onSend?: () => void }) {
  const { type, status, createdAt, statusCode, durationMs, attempts, error, nextAttemptAt } = delivery
  const facts = [
    statusCode !== undefined && text.code(statusCode),
    durationMs !== undefined && text.took(durationMs),
    attempts > 0 && text.attempts(attempts),
  ].filter(Boolean)
  return (
    <li className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1 px-3.5 py-2.5">
      <div className="grid min-w-0 grow basis-48 gap-0.5 text-sm">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1 font-semibold">
          {nameOfType(type)}
          <Badge tone={tones[status]}>{text.status[status]}</Badge>
        </p>
        <p className="text-soft">
          {time(createdAt)}
          {facts.length > 0 && ` · ${facts.join(' · ')}`}
        </p>
        {error && <p>{error}</p>}
        {nextAttemptAt && attempts > 0 && (
          <p className="text-soft">
            {text.next} {time(nextAttemptAt)}
          </p>
        )}
      </div>
      {status !== 'pending' && (
        <Button variant="quiet" className="-my-1.5" disabled={!onSend} onClick={onSend}>
          {text.again}
          <span className="sr-only">: {nameOfType(type)}</span>
        </Button>
      )}
    </li>
  )
}
