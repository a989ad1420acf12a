import { newKey } from './new-key'

/**
 * Returns the Idempotency-Key of a request. The same request keeps its key, so that sending it
 * again after a lost answer has no second effect; a different request gets a new key.
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

  /** The request is decided: sent once more, it is another one. */
  forget(): void {
    this.request = ''
  }
}
