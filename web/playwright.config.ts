import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

// `make test` runs Chromium; CI runs firefox and webkit too, as Playwright downloads them.
const browserName = (process.env.BROWSER ?? 'chromium') as 'chromium' | 'firefox' | 'webkit'

// `make test` chooses the browser (scripts/browser). Otherwise it is one of the system, or the one
// that Playwright has downloaded. A headless shell takes a third less, but keeps no page that was
// left, which back-button.spec.ts needs.
const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path))

// For the address bar, a complete Chromium loads pages of its own with each context: half of its
// work. Of such arguments only the last counts, so the others are Playwright's.
const disabledFeatures = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
]

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/server.ts',
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  // CI machines stall at times; a test that passes on the second try is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  // Only what fails waits for so long: the machine may be busy.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    browserName,
    launchOptions:
      browserName === 'chromium'
        ? { executablePath, args: [`--disable-features=${disabledFeatures.join()}`] }
        : {},
    locale: 'en-US',
    timezoneId: 'Europe/Lisbon',
    trace: 'on-first-retry', // tracing every test takes time; --trace on for one's own
  },
})
