'use client'

import { PageHeading } from '@/components/page-heading'
import { BookingList } from '@/features/bookings/components/booking-list'
import { DateStub } from '@/features/events/components/date-stub'
import { emptyStub } from './bookings-skeleton'
import type { Event } from '@/lib/api/types'
import { stubParts } from '@/lib/format'

const stub = (event?: Event) => (event ? <DateStub {...stubParts(event.date, event.timeZone)} /> : emptyStub)

export default function BookingsView() {
  return (
    <div className="mx-auto grid max-w-4xl gap-8">
      <PageHeading className="text-4xl sm:text-5xl">My bookings</PageHeading>
      <BookingList stub={stub} />
    </div>
  )
}
