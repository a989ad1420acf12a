import { availableParallelism } from 'node:os'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [react()],
  resolve: { tsconfigPaths: true },
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://localhost/events' } },
    isolate: false,
    sequence: { setupFiles: 'list' },
    setupFiles: ['test/fresh.ts', 'test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    // Not performance.now: nuqs, which files share, compares its times.
    fakeTimers: {
      toFake: [
        'Date',
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'requestAnimationFrame',
        'cancelAnimationFrame',
      ],
    },
    restoreMocks: true,
    maxWorkers: availableParallelism(), // by default one less, which is half of two processors
    testTimeout: 120_000, // the machine may be busy, and only what fails waits for so long
    env: { TZ: 'Europe/Lisbon' },
  },
})
