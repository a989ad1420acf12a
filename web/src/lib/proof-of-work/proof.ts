import { ApiError, codeOf } from '@/lib/api/error'
import { toast } from '@/lib/toast'

/**
 * Sends a request, and again with a proof of work when the server asks for one. What solves
 * challenges is loaded then, so those who need none load nothing.
 */
export async function withProof<T>(request: (proof?: string) => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (codeOf(error) !== 'proof_of_work_required') throw error
    // Browsers compute fast enough only where the connection is secure.
    if (!isSecureContext) throw ApiError.needsHttps()
    toast.info('One moment: your browser shows that you are not a program.')
    const { solveChallenge } = await import('./solve')
    const proof = await solveChallenge()
    if (!proof) throw ApiError.network()
    return request(proof)
  }
}

/** The header of a proof, if there is one. */
export function proofHeader(proof: string | undefined): { 'Proof-Of-Work'?: string } {
  return proof ? { 'Proof-Of-Work': proof } : {}
}
