'use client'

import dynamic from 'next/dynamic'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { BookingList } from '@/features/bookings/components/booking-list'
import { SubscribeButton } from '@/features/calendar/components/subscribe-button'
import { header } from '@/features/session/strings/header'

// Most users have none.
const MyHolds = dynamic(() => import('@/features/holds/components/my-holds').then((file) => file.MyHolds), {
  ssr: false,
})

export default function BookingsPage() {
  return (
    <div className="grid max-w-4xl gap-8">
      <PageTitle>{header.bookings}</PageTitle>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <PageHeading>{header.bookings}</PageHeading>
        <div className="print:hidden">
          <SubscribeButton kind="bookings" />
        </div>
      </div>
      <MyHolds />
      <BookingList />
    </div>
  )
}
