'use client'

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Monitor, Smartphone } from 'lucide-react'
import { useRef } from 'react'
import { LoadError } from '@/components/load-error'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { codeOf } from '@/lib/api/error'
import type { components } from '@/lib/api/schema'
import { messageOf } from '@/lib/form-errors'
import { formatDateTime } from '@/lib/format'
import { signOut } from '@/lib/session/session'
import { viewerZone } from '@/lib/time-zone'
import { toast } from '@/lib/toast'
import { endOneSession, endOtherSessions, sessionsQuery } from '../api/account'
import { sessions } from '../strings/account'
import { AccountSection } from './account-section'

type UserSession = components['schemas']['UserSession']

const nameOf = (session: UserSession) => session.device || sessions.unknown

export function SessionsSection() {
  const client = useQueryClient()
  const list = useRef<HTMLUListElement>(null)
  const query = useQuery(sessionsQuery)
  const ending = useMutation({
    // Without a session: all others.
    mutationFn: (session?: UserSession) => (session ? endOneSession(session.id) : endOtherSessions()),
    onSuccess: (_, session) => {
      client.setQueryData(sessionsQuery.queryKey, (all) =>
        all?.filter((one) => one.current || (session && one.id !== session.id)),
      )
      toast.success(session ? sessions.ended(nameOf(session)) : sessions.othersEnded)
      list.current?.focus() // the button that had it is gone
    },
    onError: (error) => {
      if (codeOf(error) !== 'session_not_found')
        toast.error(sessions.notEnded, { description: messageOf(error) })
    },
    onSettled: () => client.invalidateQueries(sessionsQuery),
  })
  return (
    <AccountSection title={sessions.title} about={sessions.about}>
      {query.data ? (
        <>
          <ul ref={list} tabIndex={-1} aria-label={sessions.title} className="grid gap-2 outline-none">
            {query.data.map((session) => (
              <SessionItem
                key={session.id}
                session={session}
                isEnding={ending.isPending}
                onEnd={() => (session.current ? void signOut() : ending.mutate(session))}
              />
            ))}
          </ul>
          {query.data.length > 1 && (
            <Button
              variant="outline"
              className="justify-self-start whitespace-normal"
              disabled={ending.isPending}
              onClick={() => ending.mutate(undefined)}
            >
              {sessions.endOthers}
            </Button>
          )}
        </>
      ) : query.error ? (
        <LoadError title={sessions.failed} query={query} />
      ) : (
        <Skeleton className="h-20" />
      )}
    </AccountSection>
  )
}

function SessionItem({
  session,
  isEnding,
  onEnd,
}: {
  session: UserSession
  isEnding: boolean
  onEnd: () => void
}) {
  const { device, current, signedInAt, lastUsedAt } = session
  const Icon = /Android|iOS/.test(device) ? Smartphone : Monitor
  const at = (time: string) => <time dateTime={time}>{formatDateTime(time, viewerZone())}</time>
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 rounded-md border p-3">
      <Icon aria-hidden className="mt-0.5 size-5 shrink-0 text-soft" />
      <div className="grid min-w-0 grow basis-40 gap-0.5">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1 font-semibold">
          {nameOf(session)}
          {current && <Badge tone="good">{sessions.current}</Badge>}
        </p>
        <p className="text-sm text-soft">
          {current ? (
            sessions.activeNow
          ) : (
            <>
              {sessions.lastUsed} {at(lastUsedAt)}
            </>
          )}
        </p>
        <p className="text-sm text-soft">
          {sessions.signedIn} {at(signedInAt)}
        </p>
      </div>
      <Button variant="quiet" className="-my-1.5 max-sm:ml-5" disabled={isEnding} onClick={onEnd}>
        {sessions.signOut}
        <span className="sr-only">: {nameOf(session)}</span>
      </Button>
    </li>
  )
}
