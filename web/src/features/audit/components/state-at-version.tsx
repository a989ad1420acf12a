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
import { actorOf, describeRecord } from '../record'
import { StatusBadge } from './status-badge'

/** The state of the event at a version, and the record of that version. */
export function StateAtVersion({ streamId, version }: { streamId: string; version: number }) {
  const query = useStateAtVersion(streamId, version)
  const { data, isPlaceholderData } = query
  if (query.error && (!data || isPlaceholderData))
    return <LoadError title="This version can’t be shown" query={query} />
  if (!data) return <Skeleton className="h-96" />
  const record = data.records[0]
  return (
    <div
      aria-busy={isPlaceholderData}
      className="grid gap-4 transition-opacity"
      style={{ opacity: isPlaceholderData ? 0.6 : 1 }}
    >
      {data.state.unknown && <Alert>A record up to here can’t be read, and is left out of this state.</Alert>}
      {record && <RecordSummary record={record} />}
      <State state={data.state} />
      {record && <Stored record={record} />}
    </div>
  )
}

export function RecordSummary({ record }: { record: StreamRecord }) {
  const actor = actorOf(record)
  return (
    <div className="grid min-w-0 gap-0.5">
      <p className="font-semibold wrap-anywhere">{describeRecord(record)}</p>
      <p className="text-sm break-all text-soft">
        {actor ? (
          <>
            by user <span className="font-mono text-xs">{actor}</span>
          </>
        ) : (
          'by nobody that is known'
        )}
      </p>
      <p className="text-sm text-soft">
        <time dateTime={record.recordedAt}>{formatInstant(record.recordedAt)}</time> · position{' '}
        {formatNumber(record.position)} · <span className="font-mono text-xs">{record.type}</span>
      </p>
      {record.problem && <p className="text-sm font-medium wrap-anywhere text-bad">{record.problem}</p>}
    </div>
  )
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-9 flex-wrap items-center justify-between gap-x-6 border-t py-1.5">
      <dt className="text-sm text-soft">{name}</dt>
      <dd className="min-w-0 font-medium wrap-anywhere">{children}</dd>
    </div>
  )
}

function State({ state }: { state: StreamState }) {
  const { date, timeZone, currency } = state
  return (
    <dl>
      <Row name="Status">
        <StatusBadge status={state.status} />
      </Row>
      <Row name="Remaining tickets">{formatNumber(state.remaining)}</Row>
      <Row name="Sold">
        {formatNumber(state.sold)} of {formatNumber(state.capacity)}
      </Row>
      <Row name="Bookings ever made">{formatNumber(state.bookings)}</Row>
      {date && (
        <>
          <Row name="Title">{state.title}</Row>
          <Row name="Date">
            {formatDateTime(date, timeZone)} {zoneName(date, timeZone)}
          </Row>
          <Row name="Venue">{state.venue}</Row>
          <Row name="Price">{formatPrice(state.price, currency)}</Row>
        </>
      )}
    </dl>
  )
}

function Stored({ record }: { record: StreamRecord }) {
  const download = useDownload()
  const { data, metadata } = record
  return (
    <div className="grid gap-3">
      <Disclosure summary="The record as it is stored">
        <div className="grid gap-3 p-3.5">
          <pre className="overflow-x-auto text-xs leading-5 wrap-anywhere whitespace-pre-wrap">
            {JSON.stringify({ data, metadata }, null, 2)}
          </pre>
          <p className="text-sm text-soft">
            Hash <span className="font-mono text-xs break-all text-ink">{record.hash}</span>
          </p>
        </div>
      </Disclosure>
      <Button
        variant="outline"
        className="justify-self-start"
        disabled={download.isPending}
        onClick={() => download.mutate(`/audit/records/${record.position}/proof`)}
      >
        {download.isPending ? <Spinner /> : <ShieldCheck aria-hidden />}
        Download proof
        <span className="sr-only"> of version {record.version}</span>
      </Button>
    </div>
  )
}
