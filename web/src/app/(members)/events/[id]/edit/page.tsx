import type { Metadata } from 'next'
import { EditPage } from './edit-page'

export const metadata: Metadata = { title: 'Edit an event' }

// One page is exported for all events; the server serves it for every id.
export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function Page() {
  return <EditPage />
}
