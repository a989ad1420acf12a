import type { NextConfig } from 'next'
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants'

const backend = process.env.BACKEND ?? 'http://localhost:3002'

// What the Go program does for the exported pages: docs/adr/0012-static-export.md.
const development: NextConfig = {
  rewrites: async () => ({
    beforeFiles: [
      { source: '/api/:path*', destination: `${backend}/api/:path*` },
      { source: '/events/:id([0-9a-fA-F-]{36})/:rest*', destination: '/events/_/:rest*' },
    ],
    afterFiles: [],
    fallback: [],
  }),
}

const config = (phase: string): NextConfig => ({
  // The Go program serves the files of the export.
  ...(phase === PHASE_DEVELOPMENT_SERVER ? development : { output: 'export' }),
  // A fixed id makes two builds of the same sources equal; the names of the assets carry hashes of their own.
  generateBuildId: () => 'boxoffice',
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm run types` checks them, together with the tests, whose tools a build does not install.
  typescript: { ignoreBuildErrors: true },
})

export default config
