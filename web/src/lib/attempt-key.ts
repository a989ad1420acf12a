import { newKey } from './new-key'

/**
 * Gives the Idempotency-Key of a request: the same request keeps its key, so that sending it again after a lost answer does nothing
 * twice; another request gets another one.
 */
export class AttemptKey {
  private key = ''
  private request = ''

  for(body: unknown): string {
    const request = JSON.stringify(body)
    if (request !== this.request) {
      this.request = request
      this.key = newKey()
    }
    return this.key
  }
}
