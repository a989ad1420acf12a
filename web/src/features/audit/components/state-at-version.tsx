'use client'

import { ShieldCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { LoadError } from '@/components/load-error'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Disclosure } from '@/components/ui/disclosure'
import { Skeleton } from '@/components/ui/skeleton'
import { Spinner } from '@/components/ui/spinner'
import type { StreamRecord, StreamState } from '@/lib/api/types'
import { useDownload } from '@/lib/download'
import { formatDateTime, formatInstant, formatNumber, formatPrice, zoneName } from '@/lib/format'
import { useStateAtVersion } from '../api/get-stream'
import { actorOf, describeRecord, quantityOf } from '../record'
import { texts } from '../strings'
import { StatusBadge } from './status-badge'

/** The state of the event at a version, and the record of that version. */
export function StateAtVersion({ streamId, version }: { streamId: string; version: number }) {
  const query = useStateAtVersion(streamId, version)
  const { data, isPlaceholderData } = query
  if (query.error && (!data || isPlaceholderData))
    return <LoadError title={texts.history.momentFailed} query={query} />
  if (!data) return <Skeleton className="h-96" />
  const record = data.records[0]
  return (
    <div aria-busy={isPlaceholderData} className="grid transition-opacity aria-busy:opacity-60 gap-group">
      {data.state.unknown && <Alert>{texts.moment.unreadable}</Alert>}
      {record && (
        <div className="grid min-w-0">
          <p className="font-semibold wrap-anywhere">{describeRecord(record)}</p>
          <p className="text-sm text-soft">
            <time dateTime={record.recordedAt}>{formatInstant(record.recordedAt)}</time>
          </p>
          {record.problem && <p className="text-sm font-medium wrap-anywhere text-bad">{record.problem}</p>}
        </div>
      )}
      <State state={data.state} />
      <Claims state={data.state} />
      {record && <Details streamId={streamId} record={record} />}
    </div>
  )
}

function Row({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className="flex min-h-9 flex-wrap items-center justify-between gap-x-6 border-t py-1.5">
      <dt className="text-sm text-soft">{name}</dt>
      <dd className="min-w-0 font-medium wrap-anywhere">{children}</dd>
    </div>
  )
}

function State({ state }: { state: StreamState }) {
  const { date, timeZone, currency } = state
  const names = texts.moment
  return (
    <dl>
      <Row name={names.status}>
        <StatusBadge status={state.status} />
      </Row>
      <Row name={names.left}>{formatNumber(state.remaining)}</Row>
      <Row name={names.sold}>{names.soldOf(state.sold, state.capacity)}</Row>
      {state.held > 0 && <Row name={names.held}>{formatNumber(state.held)}</Row>}
      {state.waiting > 0 && <Row name={names.waiting}>{formatNumber(state.waiting)}</Row>}
      <Row name={names.bookings}>{formatNumber(state.bookings)}</Row>
      {hasTypes(state) &&
        state.ticketTypes.map((type) => (
          <Row key={type.id} name={<bdi>{type.name}</bdi>}>
            {names.type(type.sold, type.held, type.remaining)}
          </Row>
        ))}
      {date && (
        <>
          <Row name={names.name}>
            <bdi>{state.title}</bdi>
          </Row>
          <Row name={names.date}>
            {formatDateTime(date, timeZone)} {zoneName(date, timeZone)}
          </Row>
          <Row name={names.venue}>
            <bdi>{state.venue}</bdi>
          </Row>
          <Row name={names.price}>{formatPrice(state.price, currency)}</Row>
        </>
      )}
    </dl>
  )
}

/** More than one type, or one that has fewer tickets than the event. */
const hasTypes = ({ ticketTypes }: StreamState) =>
  ticketTypes.length > 1 || ticketTypes.some((type) => type.capacity !== undefined)

/** Who holds tickets, and who waits for some. */
function Claims({ state: { holds, waitlist, waiting } }: { state: StreamState }) {
  const names = texts.moment
  return (
    <>
      {holds.length > 0 && (
        <Disclosure summary={names.holds}>
          <ul className="grid gap-1 p-3.5 text-sm">
            {holds.map(({ id, userId, lines, offered, expiresAt }) => (
              <li key={id}>
                {names.hold(texts.record.customer(userId), quantityOf(lines), offered)}{' '}
                <time dateTime={expiresAt}>{formatInstant(expiresAt)}</time>
              </li>
            ))}
          </ul>
        </Disclosure>
      )}
      {waitlist.length > 0 && (
        <Disclosure summary={names.waitlist}>
          <ol className="grid list-decimal gap-1 py-3.5 pr-3.5 pl-10 text-sm">
            {waitlist.map(({ id, userId, lines }) => (
              <li key={id}>{names.entry(texts.record.customer(userId), quantityOf(lines))}</li>
            ))}
          </ol>
          {waiting > waitlist.length && (
            <p className="px-3.5 pb-3.5 text-sm text-soft">{names.more(waiting - waitlist.length)}</p>
          )}
        </Disclosure>
      )}
    </>
  )
}

function Details({ streamId, record }: { streamId: string; record: StreamRecord }) {
  const download = useDownload()
  const { version, position, type, schemaVersion, data, metadata } = record
  const names = texts.details
  const rows: [string, string][] = [
    [names.event, streamId],
    [names.version, formatNumber(version)],
    [names.position, formatNumber(position)],
    [names.type, names.typeOf(type, schemaVersion)],
    [names.time, record.recordedAt],
    [names.actor, actorOf(record) ?? names.unknownActor],
    [names.hash, record.hash],
    [names.stored, JSON.stringify({ data, metadata }, null, 2)],
  ]
  return (
    <Disclosure summary={names.title}>
      <div className="grid gap-group p-3.5">
        <dl className="grid gap-tight">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt className="text-sm text-soft">{name}</dt>
              <dd className="font-mono text-xs wrap-anywhere whitespace-pre-wrap">{value}</dd>
            </div>
          ))}
        </dl>
        <p className="text-sm text-soft">{names.proofHint}</p>
        <Button
          variant="outline"
          className="justify-self-start"
          disabled={download.isPending}
          onClick={() => download.mutate(`/audit/records/${position}/proof`)}
        >
          {download.isPending ? <Spinner /> : <ShieldCheck aria-hidden />}
          <span>{names.proof}</span>
          <span className="sr-only">{names.proofOf(version)}</span>
        </Button>
      </div>
    </Disclosure>
  )
}
