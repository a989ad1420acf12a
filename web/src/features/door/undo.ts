import { now } from '@/lib/server-time'
import { undoScan } from './api/door'
import { addScan } from './scans'
import { nameOf, readCode } from './ticket-code'

/** Takes a check-in back. This device knows so too, before its next list. */
export async function undo(eventId: string, code: string, reason: string, key: string): Promise<void> {
  await undoScan(eventId, code, reason, key)
  const ticket = readCode(code)
  if (ticket)
    await addScan({ eventId, ticket: nameOf(ticket), code, key, at: now(), state: 'free' }).catch(
      () => undefined,
    )
}
