import { ApiError, isUnreachable } from '@/lib/api/error'
import { sendScan } from './api/door'
import { changeScan, waitingScans, type Scan } from './scans'

// In one tab at a time, where browsers have locks. Elsewhere the keys of the scans make two harmless.
const LOCK = 'boxoffice.scans'

/**
 * Sends the scans that wait, in their order, and returns how many the server has decided. What it
 * refuses stays, to be shown. Throws an ApiError when the server can't be reached; scans that this user
 * may not send go on waiting.
 */
export async function sendWaiting(): Promise<number> {
  return navigator.locks ? ((await navigator.locks.request(LOCK, sendAll)) as number) : sendAll()
}

async function sendAll(): Promise<number> {
  let decided = 0
  for (const scan of await waitingScans()) if (await sendOne(scan)) decided++
  return decided
}

/** Whether it is decided. */
async function sendOne(scan: Scan): Promise<boolean> {
  try {
    const answer = await sendScan(scan)
    if ('admitted' in answer) await changeScan(scan.id, { state: 'admitted' })
    else await changeScan(scan.id, { state: 'refused', reason: answer.refusal, firstAt: answer.at })
  } catch (error) {
    if (!(error instanceof ApiError) || isUnreachable(error) || [401, 429, 500].includes(error.status))
      throw error
    // Somebody else may send it, or this user once they have the role again.
    if (error.status === 403 || error.status === 404) return false
    await changeScan(scan.id, { state: 'refused', reason: error.code })
  }
  return true
}
