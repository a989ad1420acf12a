import { readdirSync } from 'node:fs'
import { defineConfig, globalIgnores } from 'eslint/config'
import next from 'eslint-config-next/core-web-vitals'
import typescript from 'eslint-config-next/typescript'

const features = readdirSync(new URL('src/features', import.meta.url))
const urlState = {
  name: 'nuqs',
  importNames: ['useQueryState', 'useQueryStates'],
  message: 'They lose a navigation that is under way; use useUrlState.',
}

export default defineConfig([
  ...next,
  ...typescript,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
    },
  },
  {
    // APIs that browsers lack on pages over plain http, which are not secure contexts, or lacked
    // until recently.
    files: ['src/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'crypto', property: 'randomUUID', message: 'Missing over plain http; use newKey.' },
        { object: 'crypto', property: 'subtle', message: 'Missing over plain http.' },
        { object: 'navigator', property: 'clipboard', message: 'Missing over plain http.' },
        { object: 'navigator', property: 'serviceWorker', message: 'Missing over plain http.' },
        { object: 'AbortSignal', property: 'any', message: 'Missing before Safari 17.4; see send.ts.' },
        { object: 'AbortSignal', property: 'timeout', message: 'Missing before Safari 16; see send.ts.' },
      ],
    },
  },
  {
    // Imports run shared → features → app, and features do not import each other.
    files: ['src/lib/**', 'src/components/**'],
    ignores: ['src/lib/url-state.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: [urlState], patterns: ['@/features/*', '@/app/*'] }],
    },
  },
  {
    files: ['src/app/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [urlState] }] },
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [urlState],
          patterns: ['@/app/*', ...features.filter((f) => f !== feature).map((f) => `@/features/${f}/*`)],
        },
      ],
    },
  })),
  globalIgnores([
    '.next/**',
    'out/**',
    'dist/**',
    'next-env.d.ts',
    'src/lib/api/schema.d.ts',
    'src/lib/api/schemas*.ts',
    'test-results/**',
    'screenshots/**',
  ]),
])
