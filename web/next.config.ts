import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { NextConfig } from 'next'
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants'

const backend = process.env.BACKEND ?? 'http://localhost:3002'

// How the Go program serves the exported pages: docs/adr/0012-static-export.md.
const development: NextConfig = {
  rewrites: async () => ({
    beforeFiles: [
      { source: '/api/:path*', destination: `${backend}/api/:path*` },
      ...['events', 'door'].map((page) => ({
        source: `/${page}/:id([0-9a-fA-F-]{36})/:rest*`,
        destination: `/${page}/_/:rest*`,
      })),
    ],
    afterFiles: [],
    fallback: [],
  }),
}

// The id of a build is a hash of its inputs. Two builds of the same sources are equal, and a page
// loaded before an update detects it: Next's router then loads the next page in full.
function buildId(): string {
  const hash = createHash('sha256')
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((path) => join('src', path))
    .filter((path) => statSync(path).isFile())
  for (const path of [...sources.sort(), 'next.config.ts', 'postcss.config.mjs', 'package-lock.json'])
    hash.update(`${path}\0`).update(readFileSync(path)).update('\0')
  return hash.digest('hex').slice(0, 16)
}

const BUILD_ID = buildId()

const config = (phase: string): NextConfig => ({
  // The Go program serves the files of the export.
  ...(phase === PHASE_DEVELOPMENT_SERVER ? development : { output: 'export' }),
  generateBuildId: () => BUILD_ID,
  env: { BUILD_ID },
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm run types` checks types, including those of the tests, whose tools a build does not
  // install.
  typescript: { ignoreBuildErrors: true },
})

export default config
