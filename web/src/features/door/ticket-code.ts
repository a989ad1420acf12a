import * as ed25519 from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'

// The asynchronous functions need WebCrypto, which is missing over plain http.
ed25519.hashes.sha512 = sha512

export interface Ticket {
  eventId: string
  bookingId: string
  type: number
  number: number
}

/** Names a ticket among all of them. */
export const nameOf = ({ bookingId, type, number }: Omit<Ticket, 'eventId'>): string =>
  `${bookingId}.${type}.${number}`

// The layout: docs/adr/0045-signed-tickets-and-the-door.md.
const CODE = /^[\w-]{132}$/
const VERSION = 1
const SIGNED = 35 // bytes; the signature follows
const PURPOSE = new TextEncoder().encode('boxoffice/ticket\0')

/** The ticket that a code is of, or undefined when it is none. It can be forged: see isGenuine. */
export function readCode(code: string): Ticket | undefined {
  if (!CODE.test(code)) return undefined
  const bytes = bytesOf(code)
  if (bytes[0] !== VERSION) return undefined
  return { eventId: uuid(bytes, 1), bookingId: uuid(bytes, 17), type: bytes[33]!, number: bytes[34]! }
}

/** Whether one of these keys, in base64url, has signed a code. */
export function isGenuine(code: string, keys: readonly string[]): boolean {
  const bytes = bytesOf(code)
  const message = new Uint8Array([...PURPOSE, ...bytes.subarray(0, SIGNED)])
  return keys.some((key) => {
    try {
      return ed25519.verify(bytes.subarray(SIGNED), message, bytesOf(key), { zip215: false })
    } catch {
      return false // not a key, or not a point
    }
  })
}

const bytesOf = (base64url: string) =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))

function uuid(bytes: Uint8Array, at: number): string {
  const hex = Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
