import type { ReactNode } from 'react'
import { Skeleton } from '@/components/ui/skeleton'

export function BookingListSkeleton({ stub }: { stub: ReactNode }) {
  return (
    <div className="grid gap-4">
      <BookingCardSkeleton stub={stub} />
      <BookingCardSkeleton stub={stub} />
    </div>
  )
}

function BookingCardSkeleton({ stub }: { stub: ReactNode }) {
  return (
    <div aria-hidden className="ticket flex">
      {stub}
      <div className="grid grow gap-4 p-4 pl-5 sm:p-5 sm:pl-7">
        <Skeleton className="h-6 w-1/2" />
        <Skeleton className="h-4 w-2/3" />
        <Skeleton className="h-4 w-1/3" />
        <Skeleton className="h-4 w-1/2" />
        <Skeleton className="h-11 w-full rounded-md sm:w-96" />
      </div>
      <span className="ticket-edge" />
    </div>
  )
}
