'use client'

import { FileX } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { Suspense } from 'react'
import { BackLink } from '@/components/back-link'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { buttonVariants } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { useSeries } from '@/features/audit/api/get-series'
import { useStateAtVersion, useStreamPage } from '@/features/audit/api/get-stream'
import { StateAtVersion } from '@/features/audit/components/state-at-version'
import { Panel } from '@/components/panel'
import { StreamSkeleton } from '@/features/audit/components/stream-skeleton'
import { TimeSlider } from '@/features/audit/components/time-slider'
import { Timeline } from '@/features/audit/components/timeline'
import { Tools } from '@/features/audit/components/tools'
import { useVersion } from '@/features/audit/hooks'
import { usePathId } from '@/lib/address'
import { ApiError } from '@/lib/api/error'
import type { StreamPage as Page } from '@/lib/api/types'
import { plural } from '@/lib/format'
import { paths } from '@/lib/paths'

// The chart library is larger than the rest of the page.
const Charts = dynamic(() => import('@/features/audit/components/charts'), {
  ssr: false,
  loading: () => <Skeleton className="h-80 rounded-ticket" />,
})

export default function StreamPage() {
  const id = usePathId()
  return (
    <Suspense fallback={<StreamSkeleton />}>
      {id ? <LoadedStream key={id} id={id} /> : <StreamSkeleton />}
    </Suspense>
  )
}

function LoadedStream({ id }: { id: string }) {
  const query = useStreamPage(id, 1)
  const { data, error } = query
  return (
    <div className="grid gap-5">
      {!data && <PageTitle>Stream</PageTitle>}
      <BackLink href={paths.audit}>All streams</BackLink>
      {data ? (
        <Stream id={id} now={data} />
      ) : error instanceof ApiError && (error.status === 404 || error.status === 400) ? (
        <Message
          isPage
          icon={FileX}
          title="There is no such stream"
          action={
            <Link className={buttonVariants()} href={paths.audit}>
              All streams
            </Link>
          }
        >
          No event with this id was ever recorded.
        </Message>
      ) : error ? (
        <LoadError isPage title="The stream can’t be shown" query={query} />
      ) : (
        <StreamSkeleton />
      )}
    </div>
  )
}

function Stream({ id, now }: { id: string; now: Page }) {
  const newest = now.version
  const [at, goTo] = useVersion()
  const version = at > 0 && at < newest ? at : newest
  const title = now.state.title || 'Without a title'
  return (
    <>
      <PageTitle>{`Stream of ${title}`}</PageTitle>
      <div className="grid gap-1.5">
        <PageHeading className="text-4xl sm:text-5xl">
          <bdi>{title}</bdi>
        </PageHeading>
        <p className="font-mono text-xs break-all text-soft">{id}</p>
        <p className="text-soft">{plural(newest, 'record')}</p>
      </div>
      <Tools streamId={id} />
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-2">
        <div className="grid min-w-0 grid-cols-1 gap-5">
          <Panel title="As it was">
            <TimeSlider version={version} newest={newest} onChange={(to) => goTo(to, 'replace')} />
            <StateAtVersion streamId={id} version={version} />
          </Panel>
          <StreamCharts id={id} newest={newest} version={version} />
        </div>
        <Panel title="Timeline">
          <Timeline streamId={id} version={version} newest={newest} onChoose={(to) => goTo(to, 'push')} />
        </Panel>
      </div>
    </>
  )
}

function StreamCharts({ id, newest, version }: { id: string; newest: number; version: number }) {
  const query = useSeries(id, newest)
  const { data } = useStateAtVersion(id, version)
  if (query.data) return <Charts series={query.data} at={data?.state.at} />
  if (query.error) return <LoadError title="The charts can’t be shown" query={query} />
  return <Skeleton className="h-80 rounded-ticket" />
}
