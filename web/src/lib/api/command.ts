import type { GenericSchema } from 'valibot'
import { live } from '@/lib/live/live'
import { withProof } from '@/lib/proof-of-work/proof'
import { untilDecided } from './decided'
import { read } from './read'

/**
 * Sends a command, which carries a key or may be repeated, until the server has decided it, and returns
 * the answer. What the user reads afterwards contains the change. `proof` is for proofHeader.
 */
export function command<T>(
  schema: GenericSchema<T>,
  send: (proof?: string) => Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<T> {
  return untilDecided(() =>
    withProof(async (proof) => {
      const { data, position } = await read(schema, send(proof))
      live.readFrom(position)
      return data
    }),
  )
}
