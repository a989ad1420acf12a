import type { NextConfig } from 'next'

const config: NextConfig = {
  // The Go program serves the files of the export: docs/adr/0012-static-export.md.
  output: 'export',
  // A fixed id makes two builds of the same sources equal; the names of the assets carry hashes of their own.
  generateBuildId: () => 'boxoffice',
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm run types` checks them, together with the tests, whose tools a build does not install.
  typescript: { ignoreBuildErrors: true },
}

export default config
