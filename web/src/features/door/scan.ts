import { isUnreachable } from '@/lib/api/error'
import { newKey } from '@/lib/new-key'
import { now } from '@/lib/server-time'
import { sendScan, type Answer } from './api/door'
import { admittedBy, describe, judge, type Refusal } from './judge'
import type { DoorData } from './kept-list'
import { addScan, admit, waitingScans, type NewScan } from './scans'
import { nameOf, readCode } from './ticket-code'

/** What a scan led to, as the door shows it. */
export interface Result {
  outcome: 'admitted' | Refusal
  code: string
  offline: boolean
  /** The server did not answer. */
  isLost?: boolean
  name: string // of the customer; empty when it is not known
  type: string
  number?: number
  /** Of a ticket that is admitted already: when, in milliseconds since 1970, and by whom. */
  at?: number
  by?: string
  /** It was admitted on this device. */
  here?: boolean
  /** How many are admitted and sold, when the server has said so. */
  counts?: { checkedIn: number; sold: number }
}

/** There is no network, and no list of the event. */
export class NoList extends Error {}

/**
 * Scans a code: the server decides, or without it what this device knows. Throws an ApiError when the
 * server refuses to decide, and NoList when nobody can.
 */
export async function scanCode(
  eventId: string,
  text: string,
  data: DoorData | undefined,
  isReachable: boolean,
): Promise<Result> {
  const code = text.trim()
  const ticket = readCode(code)
  const scan: NewScan = {
    eventId,
    ticket: ticket ? nameOf(ticket) : '',
    code,
    key: newKey(),
    at: now(),
    state: 'waiting',
  }
  if (isReachable && !(ticket && (await isWaiting(scan.ticket))))
    try {
      return await resultOf(await sendScan(scan), scan, data)
    } catch (error) {
      if (!isUnreachable(error)) throw error
      return { ...(await withoutServer(scan, data)), isLost: true }
    }
  return withoutServer(scan, data)
}

/** What waits here would be refused by the server as a double of itself, once it is sent. */
const isWaiting = (name: string) =>
  waitingScans().then(
    (scans) => scans.some(({ ticket }) => ticket === name),
    () => false, // storage is disabled
  )

async function resultOf(answer: Answer, scan: NewScan, data: DoorData | undefined): Promise<Result> {
  const { code, ticket } = scan
  const known = { code, offline: false, ...describe(data?.list, readCode(code)) }
  if ('refusal' in answer) {
    if (answer.at && ticket) await remember({ ...scan, state: 'admitted', at: answer.at })
    return { ...known, outcome: answer.refusal, at: answer.at, by: answer.by }
  }
  const { name, ticketType, number, checkedIn, sold } = answer.admitted
  await remember({ ...scan, state: 'admitted' })
  return { ...known, outcome: 'admitted', name, type: ticketType, number, counts: { checkedIn, sold } }
}

/** It is needed only when the network fails later. */
const remember = (scan: NewScan) => addScan(scan).catch(() => undefined)

async function withoutServer(scan: NewScan, data: DoorData | undefined): Promise<Result> {
  if (!data) throw new NoList()
  const { code } = scan
  const judged = judge(code, data)
  const known = { code, offline: true, ...describe(data.list, readCode(code)) }
  if ('refusal' in judged) return { ...known, outcome: judged.refusal }
  const before = await admit(scan, judged.listed?.at)
  if (before === undefined) return { ...known, outcome: 'admitted' }
  const by = admittedBy(data.list, scan.ticket)
  return { ...known, outcome: 'already_checked_in', at: before, by, here: before !== judged.listed?.at }
}
