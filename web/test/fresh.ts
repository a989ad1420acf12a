import { afterAll, vi } from 'vitest'

// The test files of a worker share a document and the packages: loading both for each file took longer
// than its tests. Each file has its own modules of the application.
vi.resetModules()

// Those of the files before must not act on the document any more.
const page = { addEventListener, BroadcastChannel }
const stops: (() => void)[] = []

Object.assign(globalThis, {
  addEventListener: (...listener: Parameters<typeof addEventListener>) => {
    page.addEventListener(...listener)
    // nuqs listens once for each document.
    if (listener[0] !== 'popstate') stops.push(() => removeEventListener(...listener))
  },
  BroadcastChannel: class extends BroadcastChannel {
    constructor(name: string) {
      super(name)
      stops.push(() => this.close())
    }
  },
})

afterAll(() => {
  for (const stop of stops) stop()
  Object.assign(globalThis, page)
})
