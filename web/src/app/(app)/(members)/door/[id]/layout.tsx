import type { Metadata } from 'next'
import type { ReactNode } from 'react'

// It names no start, so that what is installed is the door that it was installed from.
export const metadata: Metadata = { manifest: '/door.webmanifest' }

// One page is exported for all ids; the server serves it for each of them.
export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function Layout({ children }: { children: ReactNode }) {
  return children
}
