'use client'

import { Ban, CalendarX, Undo2, Volume2, VolumeX, WifiOff } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useEffect, useRef, useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import { Loading, Skeleton } from '@/components/ui/skeleton'
import { ApiError } from '@/lib/api/error'
import { messageOf } from '@/lib/form-errors'
import { paths } from '@/lib/paths'
import { NoList } from '../scan'
import { signal } from '../signal'
import { strings } from '../strings'
import { isClosed, useDoor } from '../use-door'
import { CameraPanel } from './camera-panel'
import { CodeForm } from './code-form'
import { KeptScans } from './kept-scans'
import { ScanResult, type Shown } from './scan-result'

// Fetched when the first is opened, or kept for use without a network.
const UndoDialog = dynamic(() => import('./undo-dialog').then((file) => file.UndoDialog))

/** Lets people in to an event. */
export function Door({ id }: { id: string }) {
  const door = useDoor(id)
  const { data, query } = door
  const error = data ? undefined : query.error
  if (isClosed(query.error)) return <Closed isMissing={query.error.status !== 403} />
  if (data) return <OpenDoor id={id} door={door} />
  if (door.isWithoutList)
    return (
      <Message isPage icon={WifiOff} role="alert" title={strings.noList}>
        {strings.noListHint}
      </Message>
    )
  if (error) return <LoadError isPage title={strings.failed} query={query} />
  return <DoorSkeleton />
}

function Closed({ isMissing }: { isMissing: boolean }) {
  return (
    <Message
      isPage
      icon={isMissing ? CalendarX : Ban}
      title={isMissing ? strings.missing : strings.notYours}
      action={<ButtonLink href={paths.events}>{strings.browse}</ButtonLink>}
    >
      {isMissing ? strings.missingHint : strings.notYoursHint}
    </Message>
  )
}

function OpenDoor({ id, door }: { id: string; door: ReturnType<typeof useDoor> }) {
  const { data, counts, isOffline } = door
  const [shown, setShown] = useState<Shown>()
  const [pending, setPending] = useState(0)
  const [undoing, setUndoing] = useState<Shown>()
  const [hasSound, setSound] = useState(true)
  const scans = useRef(0)
  const last = useRef(Promise.resolve())
  useKeepingPage(id)

  // One after the other, so that the results come in the order of the people.
  const onCode = (code: string) => {
    last.current = last.current.then(() => checkIn(code))
  }
  const checkIn = async (code: string) => {
    const number = ++scans.current
    const show = (what: Omit<Shown, 'id'>) => {
      signal(what.result?.outcome === 'admitted', hasSound)
      setShown({ id: number, ...what })
    }
    setPending((n) => n + 1)
    try {
      show({ result: await door.scan(code) })
    } catch (error) {
      show({ failure: failureOf(error) })
    } finally {
      setPending((n) => n - 1)
    }
  }
  const title = data?.list.title ?? ''
  const result = shown?.result
  return (
    <div className="grid w-full max-w-2xl gap-group">
      <PageTitle>{strings.title(title)}</PageTitle>
      {/* Its start is relative to its address: each door is installed for itself. */}
      <link rel="manifest" href={`${paths.door(id)}/app.webmanifest`} />
      <div className="flex items-center justify-between gap-group">
        <PageHeading className="text-3xl">
          <bdi>{title}</bdi>
        </PageHeading>
        <Button
          variant="quiet"
          size="icon"
          aria-label={strings.sound}
          aria-pressed={hasSound}
          onClick={() => setSound(!hasSound)}
        >
          {hasSound ? <Volume2 aria-hidden /> : <VolumeX aria-hidden />}
        </Button>
      </div>
      <Status counts={counts} isOffline={isOffline} />
      <ScanResult
        shown={shown}
        action={
          result?.outcome === 'admitted' && (
            <div className="flex min-h-11 items-center justify-end">
              {isOffline ? (
                <p className="text-sm text-soft">{strings.undo.offline}</p>
              ) : (
                <Button variant="outline" onClick={() => setUndoing(shown)}>
                  <Undo2 aria-hidden />
                  {strings.undo.open}
                </Button>
              )}
            </div>
          )
        }
      />
      <CodeForm onCode={onCode} pending={pending > 0} />
      <CameraPanel onCode={onCode} />
      <KeptScans
        list={data?.list}
        waiting={door.waiting}
        refused={door.refused}
        isSending={door.isSending}
        onSend={isOffline ? undefined : () => void door.send()}
        onChange={() => void door.changed()}
      />
      {undoing?.result && (
        <UndoDialog
          eventId={id}
          code={undoing.result.code}
          name={undoing.result.name}
          onClose={() => setUndoing(undefined)}
          onDone={() => {
            setUndoing(undefined)
            setShown((now) => (now === undoing ? undefined : now))
            void door.reconnect()
          }}
        />
      )}
    </div>
  )
}

function Status({
  counts,
  isOffline,
}: {
  counts: { checkedIn: number; sold: number } | undefined
  isOffline: boolean
}) {
  const [admitted, of] = counts ? strings.admitted(counts.checkedIn, counts.sold) : []
  return (
    <div className="grid gap-tight">
      <p className="flex items-baseline gap-2">
        <strong className="type-display text-4xl">{admitted ?? '–'}</strong>
        <span className="text-soft">{of}</span>
      </p>
      <p
        role="status"
        className={
          isOffline ? 'rounded-md bg-warn-wash px-3.5 py-3 text-ui font-medium text-warn' : 'sr-only'
        }
      >
        {isOffline ? strings.offline : strings.online}
      </p>
    </div>
  )
}

function failureOf(error: unknown): string {
  if (error instanceof NoList) return strings.noListHint
  return error instanceof ApiError ? messageOf(error) : strings.result.noStorage
}

function useKeepingPage(id: string): void {
  useEffect(() => {
    const keep = () => import('../offline').then(({ keepDoorPage }) => keepDoorPage(id))
    // After what the page itself loads. Without a network there is nothing to keep.
    const timer = setTimeout(() => void keep().catch(() => undefined), 1_000)
    return () => clearTimeout(timer)
  }, [id])
}

export function DoorSkeleton() {
  return (
    <div className="grid w-full max-w-2xl gap-group" aria-busy>
      <PageTitle>{strings.page}</PageTitle>
      <PageHeading className="sr-only">{strings.page}</PageHeading>
      <Loading>{strings.loading}</Loading>
      <Skeleton className="h-9 w-2/3" />
      <Skeleton className="h-10 w-40" />
      <Skeleton className="h-36 rounded-ticket" />
      <Skeleton className="h-24" />
    </div>
  )
}
