import { api } from '@/lib/api/client'
import { command } from '@/lib/api/command'
import { untilDecided } from '@/lib/api/decided'
import { done } from '@/lib/api/done'
import { BookingChange } from '@/lib/api/schemas'
import { Hold, WaitlistEntry } from '@/lib/api/schemas-holds'
import type { TicketLine } from '@/lib/api/types'
import { live } from '@/lib/live/live'
import { proofHeader } from '@/lib/proof-of-work/proof'

const header = (key: string, proof?: string) => ({ 'Idempotency-Key': key, ...proofHeader(proof) })

/** Sets tickets aside. The key names the attempt. */
export const holdTickets = (eventId: string, lines: TicketLine[], key: string) =>
  command(Hold, (proof) =>
    api.POST('/holds', { params: { header: header(key, proof) }, body: { eventId, lines } }),
  )

/** Pays for a hold, which becomes a booking. Repeating it pays and books once. */
export const confirmHold = (id: string) =>
  command(BookingChange, () => api.POST('/holds/{id}/confirm', { params: { path: { id } } }))

/** Gives a hold back, or declines an offer. */
export const releaseHold = (id: string) =>
  untilDecided(async () => live.readFrom(await done(api.DELETE('/holds/{id}', { params: { path: { id } } }))))

export const joinWaitlist = (id: string, lines: TicketLine[], key: string) =>
  command(WaitlistEntry, (proof) =>
    api.POST('/events/{id}/waitlist', {
      params: { path: { id }, header: header(key, proof) },
      body: { lines },
    }),
  )

export const leaveWaitlist = (eventId: string) =>
  untilDecided(async () =>
    live.readFrom(await done(api.DELETE('/events/{id}/waitlist', { params: { path: { id: eventId } } }))),
  )
