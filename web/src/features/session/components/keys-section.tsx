'use client'

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRef, useState } from 'react'
import { LoadError } from '@/components/load-error'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { codeOf } from '@/lib/api/error'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { now } from '@/lib/server-time'
import { viewerZone } from '@/lib/time-zone'
import { toast } from '@/lib/toast'
import { keysQuery, revokeKey, type ApiKey } from '../api/keys'
import { keys, scopes } from '../strings/keys'
import { AccountSection } from './account-section'

const CreateKey = dynamic(() => import('./create-key').then((file) => file.CreateKey), { ssr: false })

export function KeysSection() {
  const query = useQuery(keysQuery)
  const client = useQueryClient()
  const heading = useRef<HTMLDivElement>(null)
  const [isCreating, setCreating] = useState(false)
  const [chosen, setChosen] = useState<ApiKey>()
  const revoking = useMutation({
    mutationFn: (key: ApiKey) => revokeKey(key.id),
    onSuccess: (_, key) => {
      client.setQueryData(keysQuery.queryKey, (all) => all?.filter(({ id }) => id !== key.id))
      toast.success(keys.revoked(key.name))
      heading.current?.focus() // the button that had it is gone
    },
    onError: (error) => {
      if (codeOf(error) !== 'key_not_found') toast.error(keys.notRevoked, { description: messageOf(error) })
    },
    onSettled: () => {
      setChosen(undefined)
      return client.invalidateQueries(keysQuery)
    },
  })
  return (
    <AccountSection title={keys.title} about={keys.about}>
      <div ref={heading} tabIndex={-1} className="outline-none">
        {query.data?.length ? (
          <ul aria-label={keys.title} className="grid gap-2">
            {query.data.map((key) => (
              <KeyItem key={key.id} apiKey={key} onRevoke={() => setChosen(key)} />
            ))}
          </ul>
        ) : query.data ? (
          <p className="text-soft">{keys.none}</p>
        ) : query.error ? (
          <LoadError title={keys.failed} query={query} />
        ) : (
          <Skeleton className="h-20" />
        )}
      </div>
      <Button variant="outline" className="justify-self-start" onClick={() => setCreating(true)}>
        {keys.create}
      </Button>
      {isCreating && <CreateKey onClose={() => setCreating(false)} />}
      {chosen && (
        <AlertDialog
          onClose={() => setChosen(undefined)}
          title={keys.revokeTitle(chosen.name)}
          keep={keys.keep}
          confirm={keys.confirm}
          pending={revoking.isPending}
          pendingText={keys.revoking}
          onConfirm={() => revoking.mutate(chosen)}
        >
          {keys.revokeAbout}
        </AlertDialog>
      )}
    </AccountSection>
  )
}

function KeyItem({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const { name, prefix, createdAt, expiresAt, lastUsedAt } = apiKey
  const zone = viewerZone()
  const isExpired = expiresAt !== undefined && Date.parse(expiresAt) <= now()
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 rounded-md border p-3">
      <KeyRound aria-hidden className="mt-0.5 size-5 shrink-0 text-soft" />
      <div className="grid min-w-0 grow basis-40 gap-0.5">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1 font-semibold wrap-anywhere">
          <bdi>{name}</bdi>
          {isExpired && <Badge tone="off">{keys.expired}</Badge>}
        </p>
        <p className="text-sm wrap-anywhere text-soft">
          <code>{prefix}…</code>
        </p>
        <p className="text-sm text-soft">{apiKey.scopes.map((scope) => scopes[scope].name).join(', ')}</p>
        <p className="text-sm text-soft">
          {lastUsedAt ? (
            <>
              {keys.lastUsed} <time dateTime={lastUsedAt}>{formatDateTime(lastUsedAt, zone)}</time>
            </>
          ) : (
            <>
              {keys.neverUsed}. {keys.made}{' '}
              <time dateTime={createdAt}>{formatDateTime(createdAt, zone)}</time>
            </>
          )}
        </p>
        <p className="text-sm text-soft">
          {expiresAt ? (
            <>
              {isExpired ? keys.expired : keys.expires}{' '}
              <time dateTime={expiresAt}>{formatDateTime(expiresAt, zone)}</time>
            </>
          ) : (
            keys.neverExpires
          )}
        </p>
      </div>
      <Button variant="quietDanger" className="-my-1.5 max-sm:ml-5" onClick={onRevoke}>
        {keys.revoke}
        <span className="sr-only">: {name}</span>
      </Button>
    </li>
  )
}
