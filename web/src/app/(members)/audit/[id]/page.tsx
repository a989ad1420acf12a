import type { Metadata } from 'next'
import { StreamPage } from './stream-page'

export const metadata: Metadata = { title: 'Stream' }

// One page is exported for all streams; the server serves it for every id.
export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function Page() {
  return <StreamPage />
}
