import { openDB, type DBSchema, type IDBPDatabase } from 'idb'

/**
 * A scan that this device remembers. Names are not stored with it: it outlasts the session, so that
 * nothing is lost that the server has not been told.
 *
 * - waiting: admitted without network, to be sent
 * - admitted, free: what the server has said since the last list, for judging without network
 * - refused: admitted without network, and refused by the server when it was sent
 */
export interface Scan {
  id: number
  eventId: string
  ticket: string // see nameOf
  code: string
  key: string // Idempotency-Key
  at: number // by the server's clock, in milliseconds since 1970
  state: 'waiting' | 'admitted' | 'free' | 'refused'
  reason?: string // of refused: the code of the problem
  firstAt?: number // of refused with already_checked_in
}
export type NewScan = Omit<Scan, 'id'>

interface Schema extends DBSchema {
  scans: { key: number; value: Scan; indexes: { ticket: string } }
}

let opened: Promise<IDBPDatabase<Schema>> | undefined

const database = () =>
  (opened ??= openDB<Schema>('boxoffice.scans', 1, {
    upgrade: (db) => {
      const scans = db.createObjectStore('scans', { keyPath: 'id', autoIncrement: true })
      scans.createIndex('ticket', 'ticket')
    },
    terminated: () => (opened = undefined),
  }).catch((error: unknown) => {
    opened = undefined // storage may be allowed later
    throw error
  }))

export const allScans = async (): Promise<Scan[]> => (await database()).getAll('scans')

/** The scans that the server has not been told of, in their order. */
export const waitingScans = async (): Promise<Scan[]> =>
  (await allScans()).filter(({ state }) => state === 'waiting')

export async function addScan(scan: NewScan): Promise<void> {
  await (await database()).add('scans', scan as Scan) // the store sets the id
}

/**
 * Adds a scan unless the ticket is admitted by what the device knows: its last scan, or else the list.
 * Returns when it was admitted, or undefined if it is now. It is one transaction, so that of two tabs
 * one admits.
 */
export async function admit(scan: NewScan, listedAt: number | undefined): Promise<number | undefined> {
  const tx = (await database()).transaction('scans', 'readwrite')
  const known = (await tx.store.index('ticket').getAll(scan.ticket)).findLast(isKnowledge)
  const before = known ? (known.state === 'free' ? undefined : (known.firstAt ?? known.at)) : listedAt
  if (before === undefined) await tx.store.add(scan as Scan)
  await tx.done
  return before
}

// A booking that was cancelled is not inside, whatever was scanned.
const isKnowledge = ({ state, firstAt }: Scan) => state !== 'refused' || firstAt !== undefined

export async function changeScan(id: number, change: Partial<NewScan>): Promise<void> {
  const tx = (await database()).transaction('scans', 'readwrite')
  const scan = await tx.store.get(id)
  if (scan) await tx.store.put({ ...scan, ...change })
  await tx.done
}

export const removeScan = async (id: number): Promise<void> => (await database()).delete('scans', id)

/** The id of the newest scan, for forgetting up to it; 0 when there is none. */
export async function newestScan(): Promise<number> {
  const cursor = await (await database()).transaction('scans').store.openKeyCursor(null, 'prev')
  return cursor?.key ?? 0
}

/** A list that was asked for after these scans contains what the server had said of them. */
export async function forgetListed(eventId: string, upTo: number): Promise<void> {
  const tx = (await database()).transaction('scans', 'readwrite')
  for (const scan of await tx.store.getAll(IDBKeyRange.upperBound(upTo)))
    if (scan.eventId === eventId && (scan.state === 'admitted' || scan.state === 'free'))
      await tx.store.delete(scan.id)
  await tx.done
}
