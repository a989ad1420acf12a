'use client'

import { CircleCheck, ShieldCheck } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import type { Verification as Run } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { formatNumber, plural } from '@/lib/format'
import { paths } from '@/lib/paths'
import { useVerification, type Verifying } from '../api/verify'
import { ExportButton } from './export-button'

/**
 * Actions on a stream or, without one, on the whole log: verify it, with the result below, and
 * export it.
 */
export function Tools({ streamId }: { streamId?: string }) {
  const { verifying, start } = useVerification(streamId)
  const isBusy = verifying.phase === 'starting' || verifying.phase === 'running'
  return (
    <div className="grid gap-4">
      <div className="flex flex-col gap-2.5 sm:flex-row sm:flex-wrap">
        <Button disabled={isBusy} onClick={start}>
          {isBusy ? <Spinner /> : <ShieldCheck aria-hidden />}
          {isBusy ? 'Verifying…' : streamId ? 'Verify this stream' : 'Verify the whole log'}
        </Button>
        <ExportButton format="jsonl" streamId={streamId} />
        <ExportButton format="cloudevents" streamId={streamId} />
      </div>
      {/* Rendered before its text, so that the text is read out. */}
      <div role="status" aria-label="Verification" className="grid gap-3 empty:hidden">
        <Outcome verifying={verifying} wanted={streamId} />
      </div>
    </div>
  )
}

function Outcome({ verifying, wanted }: { verifying: Verifying; wanted?: string }) {
  switch (verifying.phase) {
    case 'idle':
    case 'starting':
      return null
    case 'lost':
      return <Alert role="none">The result can’t be told: the server has it no more. Verify again.</Alert>
    case 'unreachable':
      return (
        <Alert role="none">
          <p>{messageOf(verifying.error)}</p>
          <Button variant="outline" className="mt-3" onClick={verifying.retry}>
            Try again
          </Button>
        </Alert>
      )
  }
  const { run } = verifying
  return (
    <>
      {run.streamId !== wanted && (
        <p className="text-sm text-soft">
          Another verification was running already, of{' '}
          {run.streamId ? (
            <Link className="underline" href={paths.auditStream(run.streamId)}>
              another stream
            </Link>
          ) : (
            'the whole log'
          )}
          ; this is about that one. Verify again when it has ended.
        </p>
      )}
      {run.state === 'running' ? <Progress run={run} /> : <Result run={run} />}
    </>
  )
}

function Progress({ run: { progress } }: { run: Run }) {
  const { phase, done, total } = progress
  return (
    <div className="grid gap-1.5">
      <progress
        aria-label="Verified"
        className="h-2.5 w-full accent-stamp"
        {...(phase === 'records' && total > 0 && { value: done, max: total })}
      />
      <p className="text-sm text-soft">
        {phase === 'records'
          ? `${formatNumber(done)} of ${plural(total, 'record')} checked`
          : 'All records checked; comparing the read models'}
      </p>
    </div>
  )
}

function Result({ run }: { run: Run }) {
  const { state, report } = run
  if (state === 'broken' || !report)
    return <Alert role="none">The verification could not be carried out. {run.error}</Alert>
  const about = [
    `${plural(report.records, 'record')} checked in ${report.seconds.toFixed(2)} s`,
    !run.streamId && `${plural(report.checkpoints, 'signed checkpoint')} compared`,
    !run.streamId && !report.signaturesChecked && 'signatures not checked: no key is at hand',
    ...report.readModels.map((m) => `${plural(m.rows, 'row')} of ${m.name} compared`),
  ].filter(Boolean)
  if (state === 'passed')
    return (
      <div className="flex items-start gap-2.5 rounded-md bg-good-wash px-3.5 py-3 text-good">
        <CircleCheck aria-hidden className="mt-0.5 size-4.5 shrink-0" />
        <div className="grid gap-0.5">
          <p className="font-semibold">Nothing is wrong</p>
          <p className="text-sm">{about.join(' · ')}</p>
        </div>
      </div>
    )
  const found = report.findings.length + report.more
  return (
    <Alert role="none">
      <p className="font-semibold">{plural(found, 'finding')}; the first bad record comes first</p>
      <ol className="mt-2 grid gap-2">
        {report.findings.slice(0, FEW).map((finding) => (
          <li key={`${finding.position} ${finding.check} ${finding.detail}`} className="wrap-anywhere">
            <Place finding={finding} />: {finding.detail}
          </li>
        ))}
      </ol>
      {found > FEW && <p className="mt-2">And {formatNumber(found - FEW)} more.</p>}
      <p className="mt-2 text-sm">{about.join(' · ')}</p>
    </Alert>
  )
}

const FEW = 10

function Place({ finding }: { finding: NonNullable<Run['report']>['findings'][number] }): ReactNode {
  const { streamId, version, position, check } = finding
  const where = `Position ${formatNumber(position)}`
  if (!version) return `${where} (${check})`
  return (
    <>
      <Link className="underline underline-offset-4" href={paths.auditStream(streamId, version)}>
        {where}, version {formatNumber(version)}
      </Link>{' '}
      ({check})
    </>
  )
}
