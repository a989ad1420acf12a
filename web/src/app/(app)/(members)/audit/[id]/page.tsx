'use client'

import { FileX } from 'lucide-react'
import dynamic from 'next/dynamic'
import { Suspense } from 'react'
import { BackLink } from '@/components/back-link'
import { LoadError } from '@/components/load-error'
import { Message } from '@/components/message'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { ButtonLink } from '@/components/ui/button-link'
import { Skeleton } from '@/components/ui/skeleton'
import { useSeries } from '@/features/audit/api/get-series'
import { useStateAtVersion, useStreamPage } from '@/features/audit/api/get-stream'
import { Fairness } from '@/features/audit/components/fairness'
import { StateAtVersion } from '@/features/audit/components/state-at-version'
import { Panel } from '@/components/panel'
import { StreamSkeleton } from '@/features/audit/components/stream-skeleton'
import { TimeSlider } from '@/features/audit/components/time-slider'
import { Timeline } from '@/features/audit/components/timeline'
import { Tools } from '@/features/audit/components/tools'
import { useVersion } from '@/features/audit/hooks'
import { usePathId } from '@/lib/address'
import { isMissing } from '@/lib/api/error'
import type { StreamPage as Page } from '@/lib/api/types'
import { texts } from '@/features/audit/strings'
import { paths } from '@/lib/paths'

const words = texts.history

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
    <div className="grid gap-group">
      {!data && <PageTitle>{texts.title}</PageTitle>}
      <BackLink href={paths.audit}>{words.back}</BackLink>
      {data ? (
        <Stream id={id} now={data} />
      ) : isMissing(error) ? (
        <Message
          isPage
          icon={FileX}
          title={words.missing}
          action={<ButtonLink href={paths.audit}>{words.back}</ButtonLink>}
        >
          {words.missingBody}
        </Message>
      ) : error ? (
        <LoadError isPage title={words.failed} query={query} />
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
  const title = now.state.title || texts.untitled
  return (
    <>
      <PageTitle>{words.pageTitle(title)}</PageTitle>
      <PageHeading className="mb-2 text-4xl sm:text-5xl">
        <bdi>{title}</bdi>
      </PageHeading>
      <Tools streamId={id} />
      <TimeSlider version={version} newest={newest} onChange={(to) => goTo(to, 'replace')} />
      {/* On a narrow screen the timeline comes before the charts. */}
      <div className="grid grid-cols-1 items-start gap-group lg:grid-cols-2 lg:grid-rows-[auto_1fr]">
        <Panel title={texts.moment.title}>
          <StateAtVersion streamId={id} version={version} />
        </Panel>
        <div className="grid min-w-0 lg:col-start-2 lg:row-span-2 lg:row-start-1">
          <Panel title={texts.timeline.title}>
            <Timeline streamId={id} version={version} newest={newest} onChoose={(to) => goTo(to, 'push')} />
          </Panel>
        </div>
        <div className="grid min-w-0 gap-group">
          <StreamCharts id={id} newest={newest} version={version} />
          <Panel title={texts.fairness.title}>
            <Fairness streamId={id} />
          </Panel>
        </div>
      </div>
    </>
  )
}

function StreamCharts({ id, newest, version }: { id: string; newest: number; version: number }) {
  const query = useSeries(id, newest)
  const { data } = useStateAtVersion(id, version)
  if (query.data) return <Charts series={query.data} at={data?.state.at} />
  if (query.error) return <LoadError title={words.chartsFailed} query={query} />
  return <Skeleton className="h-80 rounded-ticket" />
}
