import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { solveChallenge as solve, verifySolution, type Challenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/lib/api/error'
import { proofHeader, withProof } from './proof'
import { solveChallenge } from './solve'

vi.mock('./solve')

const refusal = (code: string) =>
  ApiError.of(
    new Response(JSON.stringify({ code, detail: code, status: 403, title: 'Forbidden', type: 'x' })),
  )

describe('a request that may need a proof of work', () => {
  beforeEach(() => vi.stubGlobal('isSecureContext', true))
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.mocked(solveChallenge).mockReset()
  })

  it('is sent as it is where none is asked for', async () => {
    expect(await withProof((proof) => Promise.resolve(proofHeader(proof)))).toEqual({})
    expect(solveChallenge).not.toHaveBeenCalled()
  })

  it('is sent again with the solution where one is asked for', async () => {
    vi.mocked(solveChallenge).mockResolvedValue('solution')
    const required = await refusal('proof_of_work_required')
    const request = vi.fn((proof?: string) =>
      proof ? Promise.resolve(proofHeader(proof)) : Promise.reject(required),
    )
    expect(await withProof(request)).toEqual({ 'Proof-Of-Work': 'solution' })
    expect(request).toHaveBeenCalledTimes(2)
  })

  it('fails with what the server says, once', async () => {
    vi.mocked(solveChallenge).mockResolvedValue('solution')
    const required = await refusal('proof_of_work_required')
    const taken = await refusal('email_taken')
    await expect(withProof((proof) => Promise.reject(proof ? taken : required))).rejects.toBe(taken)
    await expect(withProof(() => Promise.reject(taken))).rejects.toBe(taken)
    expect(solveChallenge).toHaveBeenCalledTimes(1)
  })

  it('says so where browsers do not compute it', async () => {
    vi.stubGlobal('isSecureContext', false)
    const required = await refusal('proof_of_work_required')
    await expect(withProof(() => Promise.reject(required))).rejects.toMatchObject({ code: 'needs_https' })
  })

  it('fails where the challenge is not solved', async () => {
    vi.mocked(solveChallenge).mockResolvedValue(undefined)
    const required = await refusal('proof_of_work_required')
    await expect(withProof(() => Promise.reject(required))).rejects.toMatchObject({ code: 'network' })
  })
})

// The server's own test checks the same file.
it('the server’s challenges and solutions are those of ALTCHA’s library', async () => {
  const path = join(import.meta.dirname, '../../../../internal/proofofwork/testdata/altcha.json')
  const example = JSON.parse(readFileSync(path, 'utf8')) as Record<
    'challengeSecret' | 'keySecret' | 'solution',
    string
  > & { challenge: Challenge }
  vi.setSystemTime((example.challenge.parameters.expiresAt! - 60) * 1_000)
  const { solution } = JSON.parse(atob(example.solution)) as {
    solution: { counter: number; derivedKey: string }
  }
  expect(await solve({ challenge: example.challenge, deriveKey, counterStart: 1_000 })).toMatchObject(
    solution,
  )
  const check = (derivedKey: string) =>
    verifySolution({
      challenge: example.challenge,
      solution: { ...solution, derivedKey },
      deriveKey,
      hmacSignatureSecret: example.challengeSecret,
      hmacKeySignatureSecret: example.keySecret,
    })
  expect(await check(solution.derivedKey)).toMatchObject({ verified: true })
  expect(await check(solution.derivedKey.replace(/.{8}$/, '00000000'))).toMatchObject({ verified: false })
  vi.useRealTimers()
})
