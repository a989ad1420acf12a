import { api, read } from '@/lib/api/client'
import { untilDecided } from '@/lib/api/decided'
import { done } from '@/lib/api/done'
import { BookingChange } from '@/lib/api/schemas'
import { Hold, WaitlistEntry } from '@/lib/api/schemas-holds'
import type { TicketLine } from '@/lib/api/types'
import { live } from '@/lib/live/live'
import { proofHeader, withProof } from '@/lib/proof-of-work/proof'

const header = (key: string, proof?: string) => ({ 'Idempotency-Key': key, ...proofHeader(proof) })

async function change<T>(answer: Promise<{ data: T; position: number | undefined }>): Promise<T> {
  const { data, position } = await answer
  live.readFrom(position)
  return data
}

/** Sets tickets aside. The key names the attempt. */
export const holdTickets = (eventId: string, lines: TicketLine[], key: string) =>
  untilDecided(() =>
    withProof((proof) =>
      change(
        read(Hold, api.POST('/holds', { params: { header: header(key, proof) }, body: { eventId, lines } })),
      ),
    ),
  )

/** Pays for a hold, which becomes a booking. Repeating it pays and books once. */
export const confirmHold = (id: string) =>
  untilDecided(() =>
    change(read(BookingChange, api.POST('/holds/{id}/confirm', { params: { path: { id } } }))),
  )

/** Gives a hold back, or declines an offer. */
export const releaseHold = (id: string) =>
  untilDecided(async () => live.readFrom(await done(api.DELETE('/holds/{id}', { params: { path: { id } } }))))

export const joinWaitlist = (id: string, lines: TicketLine[], key: string) =>
  untilDecided(() =>
    withProof((proof) =>
      change(
        read(
          WaitlistEntry,
          api.POST('/events/{id}/waitlist', {
            params: { path: { id }, header: header(key, proof) },
            body: { lines },
          }),
        ),
      ),
    ),
  )

export const leaveWaitlist = (eventId: string) =>
  untilDecided(async () =>
    live.readFrom(await done(api.DELETE('/events/{id}/waitlist', { params: { path: { id: eventId } } }))),
  )
