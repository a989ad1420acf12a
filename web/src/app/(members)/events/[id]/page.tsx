import type { Metadata } from 'next'
import { EventPage } from './event-page'

export const metadata: Metadata = { title: 'Event' }

// One page is exported for all events; the server serves it for every id.
export const generateStaticParams = () => [{ id: '_' }]
export const dynamicParams = false

export default function Page() {
  return <EventPage />
}
