const PAUSE = 3_000 // milliseconds

/** Tells new codes from one that stays in view. */
export class Repeats {
  private code = ''
  private seenAt = -Infinity

  /** Whether a code was not seen within the last three seconds. `at` is in milliseconds. */
  isNew(code: string, at: number): boolean {
    const isNew = code !== this.code || at - this.seenAt >= PAUSE
    this.code = code
    this.seenAt = at
    return isNew
  }
}
