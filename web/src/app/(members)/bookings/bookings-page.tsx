'use client'

import { BookingsSkeleton } from './bookings-skeleton'
import { MemberPage } from '@/features/session/components/member-page'
import { lazyView } from '@/lib/lazy-view'

const View = lazyView(() => import('./bookings-view'))

export function BookingsPage() {
  return <MemberPage view={View} skeleton={<BookingsSkeleton />} />
}
