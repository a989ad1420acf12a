import type { Metadata } from 'next'
import { Members } from '@/features/session/components/guard'
import { BookingsSkeleton, BookingsView } from './bookings-view'

export const metadata: Metadata = { title: 'My bookings' }

export default function BookingsPage() {
  return (
    <Members waiting={<BookingsSkeleton />}>
      <BookingsView />
    </Members>
  )
}
