'use client'

import { Panel } from '@/components/panel'
import { Button } from '@/components/ui/button'
import type { DoorList } from '@/lib/api/types'
import { formatSecond } from '@/lib/format'
import { admittedBy, describe, refusals } from '../judge'
import { removeScan, type Scan } from '../scans'
import { strings } from '../strings'
import { readCode } from '../ticket-code'

const text = strings.queue

/** Scans that the server has not been told of, and those that it has refused since. */
export function KeptScans({
  list,
  waiting,
  refused,
  isSending,
  onSend,
  onChange,
}: {
  list: DoorList | undefined
  waiting: Scan[]
  refused: Scan[]
  isSending: boolean
  onSend?: () => void
  onChange: () => void
}) {
  if (waiting.length + refused.length === 0) return null
  return (
    <Panel title={text.title}>
      {waiting.length > 0 && (
        <div className="flex flex-wrap items-center justify-between gap-tight">
          <p className="font-semibold">{text.waiting(waiting.length)}</p>
          {onSend && (
            <Button variant="outline" aria-disabled={isSending} onClick={() => isSending || onSend()}>
              {isSending ? text.sending : text.send}
            </Button>
          )}
        </div>
      )}
      {refused.length > 0 && (
        <div role="alert" className="grid gap-tight rounded-md bg-bad-wash p-3.5 text-bad">
          <p className="font-semibold">{text.doubles(refused.length)}</p>
          <ul className="grid gap-tight">
            {refused.map((scan) => (
              <li key={scan.id} className="flex flex-wrap items-center justify-between gap-tight">
                <Refused scan={scan} list={list} />
                <Button variant="outline" onClick={() => void removeScan(scan.id).then(onChange)}>
                  {text.seen}
                </Button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  )
}

function Refused({ scan, list }: { scan: Scan; list: DoorList | undefined }) {
  const { name, type, number } = describe(list, readCode(scan.code))
  const here = formatSecond(scan.at)
  const known = refusals.find((code) => code === scan.reason)
  return (
    <span className="min-w-0">
      <bdi className="font-semibold">{name || text.ticket}</bdi>
      {type && `, ${strings.result.ticket(type, number)}`}
      <br />
      {scan.firstAt !== undefined
        ? text.double(formatSecond(scan.firstAt), admittedBy(list, scan.ticket), here)
        : text.wrong(known ? strings.result[known] : strings.result.unknown, here)}
    </span>
  )
}
