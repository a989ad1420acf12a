import { ApiError } from '@/lib/api/error'
import type { Event, Hold, TicketLine, WaitlistEntry } from '@/lib/api/types'
import { applyChange, bookingKeys, eventKeys, holdKeys, markSoldOut } from '@/lib/event-cache'
import { messageOf } from '@/lib/form-errors'
import { queryClient } from '@/lib/query-client'
import { toast } from '@/lib/toast'
import { confirmHold, holdTickets, joinWaitlist, leaveWaitlist, releaseHold } from './api/commands'
import { holdsQuery, waitlistQuery } from './api/list-holds'
import { forgetLapse, markLapsed } from './lapses'
import { outcome as text } from './strings'

// What the user does with tickets that are set aside or waited for. Each changes the cache and tells
// the outcome, on whatever page the user is then. Nothing is shown before the server has confirmed it.

const refetch = (...keys: (readonly unknown[])[]) =>
  keys.forEach((queryKey) => void queryClient.invalidateQueries({ queryKey }))

/** The one hold that a customer has of an event, instead of the one so far. */
function putHold(eventId: string, hold?: Hold): void {
  queryClient.setQueryData(holdsQuery.queryKey, (list): Hold[] => [
    ...(list ?? []).filter((h) => h.eventId !== eventId),
    ...(hold ? [hold] : []),
  ])
}

function putEntry(eventId: string, entry?: WaitlistEntry): void {
  queryClient.setQueryData(waitlistQuery.queryKey, (list): WaitlistEntry[] => [
    ...(list ?? []).filter((e) => e.eventId !== eventId),
    ...(entry ? [entry] : []),
  ])
}

/** Returns whether the attempt is over, so that the next needs another key. */
export async function reserve(event: Event, lines: TicketLine[], key: string): Promise<boolean> {
  try {
    const hold = await holdTickets(event.id, lines, key)
    forgetLapse(event.id)
    putHold(event.id, hold)
    refetch(eventKeys.all, holdKeys.all)
    return true
  } catch (error) {
    return refused(event, error, text.notReserved)
  }
}

export async function join(event: Event, lines: TicketLine[], key: string): Promise<boolean> {
  try {
    putEntry(event.id, await joinWaitlist(event.id, lines, key))
    forgetLapse(event.id)
    refetch(holdKeys.all)
    toast.success(text.joined(event.title))
    return true
  } catch (error) {
    return refused(event, error, text.notJoined)
  }
}

export async function pay(hold: Hold, title: string): Promise<void> {
  try {
    const { event } = await confirmHold(hold.id)
    putHold(hold.eventId)
    applyChange({ eventId: event.id, remainingTickets: event.remainingTickets, version: event.version })
    toast.success(text.booked(title), { description: text.whereTicketsAre })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code === 'hold_lapsed') {
      putHold(hold.eventId)
      markLapsed(hold)
    } else if (error.code === 'payment_failed') toast.error(text.notPaid)
    else if (isDecided(error)) toast.error(text.codes[error.code] ?? messageOf(error))
    else toast.error(text.notKnown)
  }
  refetch(holdKeys.all, bookingKeys.all, eventKeys.all)
}

/** Asks for more time. The server gives less, or none, at the end of what a reservation can last. */
export async function renew(hold: Hold, key: string): Promise<void> {
  try {
    const lines = hold.lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity }))
    const renewed = await holdTickets(hold.eventId, lines, key)
    putHold(hold.eventId, renewed)
    if (Date.parse(renewed.expiresAt) > Date.parse(hold.expiresAt)) toast.success(text.renewed)
    else toast.info(text.notRenewed)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const known = text.codes[error.code]
    if (known) toast.error(known)
    else toast.error(text.renewFailed, { description: messageOf(error) })
  }
  refetch(holdKeys.all)
}

export async function giveBack(hold: Hold): Promise<void> {
  try {
    await releaseHold(hold.id)
    putHold(hold.eventId)
    toast.info(hold.offered ? text.declined : text.released)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code === 'hold_not_found') putHold(hold.eventId)
    else toast.error(text.notReleased, { description: messageOf(error) })
  }
  refetch(holdKeys.all, eventKeys.all)
}

export async function leave(entry: WaitlistEntry, title: string): Promise<void> {
  try {
    await leaveWaitlist(entry.eventId)
    putEntry(entry.eventId)
    toast.info(text.left(title))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    toast.error(text.notLeft, { description: messageOf(error) })
  }
  refetch(holdKeys.all)
}

/** Tells why it was refused, or what else went wrong. */
function refused(event: Event, error: unknown, otherwise: string): boolean {
  if (!(error instanceof ApiError)) throw error
  const known = text.codes[error.code]
  if (error.code === 'sold_out') {
    markSoldOut(event)
    toast.error(text.soldOut(event.title), { description: error.othersWait ? text.othersWait : undefined })
  } else if (known) toast.error(known)
  else if (error.status !== 401) toast.error(otherwise, { description: messageOf(error) })
  refetch(eventKeys.all, holdKeys.all)
  if (error.code === 'already_booked' || error.code === 'limit_per_customer') refetch(bookingKeys.all)
  return isDecided(error)
}

/** Whether the server has refused it: it can't have happened. */
const isDecided = ({ status }: ApiError): boolean => status >= 400 && status < 500 && status !== 429
