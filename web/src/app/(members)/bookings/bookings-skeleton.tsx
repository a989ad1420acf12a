import { BookingListSkeleton } from '@/features/bookings/components/booking-list-skeleton'
import { DateStub } from '@/features/events/components/date-stub'

export const emptyStub = <DateStub weekday="" day="" month="" year="" />

export function BookingsSkeleton() {
  return (
    <div className="mx-auto grid max-w-4xl gap-8">
      <h1 className="type-display text-4xl sm:text-5xl">My bookings</h1>
      <BookingListSkeleton stub={emptyStub} />
      <p role="status" className="sr-only">
        Loading bookings
      </p>
    </div>
  )
}
