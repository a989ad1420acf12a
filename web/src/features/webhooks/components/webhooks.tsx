'use client'

import { useQuery } from '@tanstack/react-query'
import { Plus, Webhook as Icon } from 'lucide-react'
import { useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { webhooksQuery } from '../api/webhooks'
import { adding, texts } from '../strings'
import { AddWebhook } from './add-webhook'
import { WebhookItem } from './webhook-item'

const MOST = 10

/** The user's webhooks, and how to add one. */
export function Webhooks() {
  const query = useQuery(webhooksQuery)
  const [isAdding, setAdding] = useState(false)
  const count = query.data?.length ?? 0
  const add = (
    <Button onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {adding.open}
    </Button>
  )
  return (
    <div className="grid gap-group">
      {query.data ? (
        count > 0 ? (
          <>
            {count < MOST ? <p>{add}</p> : <p className="text-soft">{texts.most(MOST)}</p>}
            <ul aria-label={texts.title} className="grid grid-cols-1 gap-4">
              {query.data.map((webhook) => (
                <WebhookItem key={webhook.id} webhook={webhook} />
              ))}
            </ul>
          </>
        ) : (
          <Message icon={Icon} title={texts.none} action={add}>
            {texts.noneText}
          </Message>
        )
      ) : query.error ? (
        <LoadError title={texts.failed} query={query} />
      ) : (
        <Skeleton className="h-40" />
      )}
      {isAdding && <AddWebhook onClose={() => setAdding(false)} />}
    </div>
  )
}
