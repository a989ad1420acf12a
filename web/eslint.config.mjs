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
const zustand = {
  name: 'zustand',
  message:
    'Of state in the browser only what neither the URL, TanStack Query nor a component has: docs/adr/0013.',
}
const PATH = '/^\\/(events|bookings|desk|door|audit|account|login|register)\\b/'
const stores = [
  'src/lib/session/store.ts',
  'src/lib/live/connection-store.ts',
  'src/features/bookings/attempts.ts',
  'src/features/holds/lapses.ts',
]

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
      'no-restricted-imports': [
        'error',
        { paths: [zustand, urlState], patterns: ['@/features/*', '@/app/*'] },
      ],
    },
  },
  {
    files: ['src/app/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [zustand, urlState] }] },
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [zustand, urlState],
          patterns: ['@/app/*', ...features.filter((f) => f !== feature).map((f) => `@/features/${f}/*`)],
        },
      ],
    },
  })),
  { files: stores, rules: { 'no-restricted-imports': 'off' } },
  {
    // Paths are in one list.
    files: ['src/app/**', 'src/components/**', 'src/features/**'],
    ignores: ['**/*.test.*'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          "JSXAttribute[name.name='href']",
          'CallExpression[callee.name=/^(push|replace|searchString)$/]',
        ].map((place) => ({
          selector: `${place} :matches(Literal[value=${PATH}], TemplateElement[value.raw=${PATH}])`,
          message: 'Paths of pages are in src/lib/paths.ts.',
        })),
      ],
    },
  },
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
