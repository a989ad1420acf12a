'use client'

import { ShieldCheck } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Disclosure } from '@/components/ui/disclosure'
import { Spinner } from '@/components/ui/spinner'
import type { Verification as Run } from '@/lib/api/types'
import { messageOf } from '@/lib/form-errors'
import { paths } from '@/lib/paths'
import { strings } from '@/lib/strings'
import { useVerification, type Verifying } from '../api/verify'
import { texts } from '../strings'
import { ExportButton } from './export-button'

const words = texts.verify

/**
 * Actions on a stream or, without one, on the whole log: verify it, with the result below, and
 * export it.
 */
export function Tools({ streamId }: { streamId?: string }) {
  const { verifying, start } = useVerification(streamId)
  const isBusy = verifying.phase === 'starting' || verifying.phase === 'running'
  const which = streamId ? 'one' : 'all'
  return (
    <div className="panel grid gap-group">
      <div className="flex flex-col gap-x-6 gap-y-3 md:flex-row md:items-center">
        <Button disabled={isBusy} onClick={start}>
          {isBusy ? <Spinner /> : <ShieldCheck aria-hidden />}
          <span>{isBusy ? words.busy : words[which]}</span>
        </Button>
        <p className="max-w-prose text-sm text-soft">{words.hint}</p>
      </div>
      {/* Rendered before its text, so that the text is read out. */}
      <div role="status" aria-label={words.label} className="grid gap-3 empty:hidden">
        <Outcome verifying={verifying} wanted={streamId} />
      </div>
      <Disclosure summary={texts.export[which]}>
        <div className="grid gap-3 p-3.5">
          <p className="text-sm text-soft">{texts.export.hint}</p>
          <div className="flex flex-wrap gap-3">
            <ExportButton format="jsonl" streamId={streamId} />
            <ExportButton format="cloudevents" streamId={streamId} />
          </div>
        </div>
      </Disclosure>
    </div>
  )
}

function Outcome({ verifying, wanted }: { verifying: Verifying; wanted?: string }) {
  switch (verifying.phase) {
    case 'idle':
    case 'starting':
      return null
    case 'lost':
      return <Alert role="none">{words.lost}</Alert>
    case 'unreachable':
      return (
        <Alert role="none">
          <p>{messageOf(verifying.error)}</p>
          <Button variant="outline" className="mt-3" onClick={verifying.retry}>
            {strings.tryAgain}
          </Button>
        </Alert>
      )
  }
  const { run } = verifying
  return (
    <>
      {run.streamId !== wanted && (
        <p className="text-sm text-soft">
          {words.otherBefore}{' '}
          {run.streamId ? (
            <Link className="underline" href={paths.auditStream(run.streamId)}>
              {words.otherHistory}
            </Link>
          ) : (
            words.otherAll
          )}
          . {words.otherAfter}
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
        aria-label={words.progress}
        className="h-2.5 w-full accent-stamp"
        {...(phase === 'records' && total > 0 && { value: done, max: total })}
      />
      <p className="text-sm text-soft">
        {phase === 'records' ? words.checked(done, total) : words.comparing}
      </p>
    </div>
  )
}

const FEW = 10

function Result({ run }: { run: Run }) {
  const { state, report } = run
  if (state === 'broken' || !report)
    return (
      <Alert role="none">
        {words.broken} {run.error}
      </Alert>
    )
  const isUnsigned = !run.streamId && !report.signaturesChecked
  const details = [
    words.took(report.records, report.seconds),
    ...(run.streamId ? [] : [words.checkpoints(report.checkpoints)]),
    ...report.readModels.map((m) => words.readModel(m.rows, m.name)),
  ]
  const found = report.findings.length + report.more
  return (
    <>
      {state === 'passed' ? (
        <Alert role="none" tone="good">
          <p className="font-semibold">{words.passed}</p>
          <p className="text-sm">{words.passedBody(report.records)}</p>
          {isUnsigned && <p className="text-sm">{words.unsigned}</p>}
        </Alert>
      ) : (
        <Alert role="none">
          <p className="font-semibold">{words.problems(found)}</p>
          <ol className="mt-2 grid gap-2">
            {report.findings.slice(0, FEW).map((finding) => (
              <li key={`${finding.position} ${finding.check} ${finding.detail}`} className="wrap-anywhere">
                <Place finding={finding} />: {finding.detail}
              </li>
            ))}
          </ol>
          {found > FEW && <p className="mt-2">{words.more(found - FEW)}</p>}
        </Alert>
      )}
      <Disclosure summary={words.details}>
        <ul className="grid gap-1 p-3.5 text-sm text-soft">
          {details.map((detail) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      </Disclosure>
    </>
  )
}

function Place({ finding }: { finding: NonNullable<Run['report']>['findings'][number] }): ReactNode {
  const { streamId, version, position, check } = finding
  const where = words.place(position, version)
  if (!version) return `${where} (${check})`
  return (
    <>
      <Link className="underline underline-offset-4" href={paths.auditStream(streamId, version)}>
        {where}
      </Link>{' '}
      ({check})
    </>
  )
}
