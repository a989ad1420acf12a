'use client'

import { ListChecks } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useState } from 'react'
import { LoadError } from '@/components/load-error'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Disclosure } from '@/components/ui/disclosure'
import { Spinner } from '@/components/ui/spinner'
import type { StreamFairness } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useFairness } from '../api/get-fairness'
import { quantityOf } from '../record'
import { texts } from '../strings'

const words = texts.fairness

/** Checks, when asked, that tickets which became free were offered in the order of the waiting list. */
export function Fairness({ streamId }: { streamId: string }) {
  const [after, setAfter] = useState<number>()
  const query = useFairness(streamId, after ?? 0)
  const { data, error, isFetching, refetch } = query
  useEffect(() => {
    if (after !== undefined) void refetch()
  }, [after, refetch])
  return (
    <div className="grid gap-group">
      <p className="max-w-prose text-sm text-soft">{words.hint}</p>
      <Button
        variant="outline"
        className="justify-self-start"
        disabled={isFetching}
        onClick={() => (after === 0 ? void refetch() : setAfter(0))}
      >
        {isFetching ? <Spinner /> : <ListChecks aria-hidden />}
        <span>{isFetching ? words.checking : words.check}</span>
      </Button>
      {/* Rendered before its text, so that the text is read out. */}
      <div role="status" aria-label={words.title} className="grid gap-3 empty:hidden">
        {data && <Verdict streamId={streamId} fairness={data} />}
      </div>
      {error && <LoadError title={words.failed} query={query} />}
      {data && data.steps.length > 0 && (
        <Disclosure summary={words.steps}>
          <ol className="grid gap-3 p-3.5 text-sm">
            {data.steps.map((step) => (
              <li key={step.version} className="grid gap-0.5 wrap-anywhere">
                <Step step={step} streamId={streamId} />
              </li>
            ))}
          </ol>
          <div className="flex flex-wrap gap-3 px-3.5 pb-3.5 empty:hidden">
            {after !== 0 && (
              <Button variant="outline" disabled={isFetching} onClick={() => setAfter(0)}>
                {words.earlier}
              </Button>
            )}
            {data.next !== undefined && (
              <Button variant="outline" disabled={isFetching} onClick={() => setAfter(data.next)}>
                {words.later}
              </Button>
            )}
          </div>
        </Disclosure>
      )}
    </div>
  )
}

function Verdict({ streamId, fairness }: { streamId: string; fairness: StreamFairness }) {
  const { findings, more, freed, offers } = fairness
  if (findings.length === 0)
    return (
      <Alert role="none" tone="good">
        <p className="font-semibold">{words.fair}</p>
        <p className="text-sm">{freed === 0 ? words.none : words.fairBody(freed, offers)}</p>
      </Alert>
    )
  return (
    <Alert role="none">
      <p className="font-semibold">{words.unfair(findings.length + more)}</p>
      <ol className="mt-2 grid gap-2">
        {findings.slice(0, 10).map(({ version, detail }) => (
          <li key={`${version} ${detail}`} className="wrap-anywhere">
            <Entry streamId={streamId} version={version} />: {detail}
          </li>
        ))}
      </ol>
    </Alert>
  )
}

function Entry({ streamId, version }: { streamId: string; version: number }) {
  return (
    <Link className="underline underline-offset-4" href={paths.auditStream(streamId, version)}>
      {words.entry(version)}
    </Link>
  )
}

function Step({ step, streamId }: { step: StreamFairness['steps'][number]; streamId: string }) {
  const { version, type, customerId, lines, free, waiting, outcome, offer, problem } = step
  const n = quantityOf(lines)
  const who = customerId && texts.record.customer(customerId)
  const what = () => {
    if (offer) return words.offered(who ?? '', n)
    return who && type.endsWith('Lapsed') ? words.expired(who, n) : words.freedBy(who, n)
  }
  return (
    <>
      <p className="font-semibold">
        <Entry streamId={streamId} version={version} />: {what()}
      </p>
      {offer ? (
        <>
          <p className="text-soft">{words.reason(offer.number, offer.before)}</p>
          {offer.skipped.length > 0 && (
            <ul className="list-disc pl-5 text-soft">
              {offer.skipped.map((one) => (
                <li key={one.number}>
                  {words.skipped(one.number, quantityOf(one.lines), one.free, one.others)}
                </li>
              ))}
            </ul>
          )}
        </>
      ) : (
        <p className="text-soft">
          {words.freed(free, waiting)}. {words.outcome[outcome]}.
        </p>
      )}
      {problem && <p className="font-medium text-bad">{problem}</p>}
    </>
  )
}
