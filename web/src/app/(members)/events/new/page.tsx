import type { Metadata } from 'next'
import { SchedulePage } from './schedule-page'

export const metadata: Metadata = { title: 'Schedule an event' }

export default function Page() {
  return <SchedulePage />
}
