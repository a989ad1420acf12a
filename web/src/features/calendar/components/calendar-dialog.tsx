'use client'

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { LoadError } from '@/components/load-error'
import { Button, buttonVariants } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { InputField } from '@/components/ui/field'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import { API } from '@/lib/api/send'
import { copyFrom } from '@/lib/copy'
import { messageOf } from '@/lib/form-errors'
import { toast } from '@/lib/toast'
import { endFeed, feedsQuery, makeFeed, type Feed, type Kind } from '../api'
import { strings } from '../strings'

/** The address that the user's calendar subscribes to: made, copied, replaced and switched off. */
export function CalendarDialog({ kind, onClose }: { kind: Kind; onClose: () => void }) {
  const client = useQueryClient()
  const query = useQuery(feedsQuery)
  const feed = query.data?.find((one) => one.kind === kind)
  const store = (made?: Feed) =>
    client.setQueryData(feedsQuery.queryKey, (all = []) => [
      ...all.filter((one) => one.kind !== kind),
      ...(made ? [made] : []),
    ])
  const onError = (error: unknown) => toast.error(strings.notChanged, { description: messageOf(error) })
  const making = useMutation({
    mutationFn: () => makeFeed(kind),
    onSuccess: (made) => {
      if (feed) toast.success(strings.replaced)
      store(made)
    },
    onError,
  })
  const ending = useMutation({
    mutationFn: () => endFeed(kind),
    onSuccess: () => {
      store()
      toast.success(strings.ended)
    },
    onError,
  })
  const isBusy = making.isPending || ending.isPending
  return (
    <Dialog onClose={onClose} title={strings.title} description={strings.about[kind]}>
      <div className="mt-4 grid gap-4">
        {query.data ? (
          feed ? (
            <>
              {feed.path ? <Address path={feed.path} /> : <p>{strings.gone}</p>}
              <div className="flex flex-wrap gap-2 border-t pt-4">
                <Button variant="quiet" disabled={isBusy} onClick={() => making.mutate()}>
                  {strings.replace}
                </Button>
                <Button variant="quiet" disabled={isBusy} onClick={() => ending.mutate()}>
                  {strings.end}
                </Button>
              </div>
            </>
          ) : (
            <Button disabled={isBusy} onClick={() => making.mutate()}>
              {making.isPending ? strings.creating : strings.create}
            </Button>
          )
        ) : query.error ? (
          <LoadError title={strings.failed} query={query} />
        ) : (
          <>
            <Skeleton className="h-11" />
            <Loading>{strings.loading}</Loading>
          </>
        )}
      </div>
    </Dialog>
  )
}

function Address({ path }: { path: string }) {
  const input = useRef<HTMLInputElement>(null)
  const url = API + path
  const copy = () => {
    if (copyFrom(input.current)) toast.success(strings.copied)
    else toast.error(strings.notCopied)
  }
  return (
    <>
      <InputField ref={input} label={strings.address} hint={strings.secret} readOnly value={url} />
      <div className="flex flex-wrap gap-2">
        <a className={buttonVariants()} href={url.replace(/^https?:/, 'webcal:')}>
          {strings.open}
        </a>
        <Button variant="outline" onClick={copy}>
          {strings.copy}
        </Button>
      </div>
      <p className="text-sm text-soft">{strings.how}</p>
    </>
  )
}
