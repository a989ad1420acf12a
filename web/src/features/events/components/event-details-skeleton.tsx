import { DateStub } from '@/components/date-stub'
import { Skeleton } from '@/components/ui/skeleton'

export function EventDetailsSkeleton() {
  return (
    <div aria-hidden className="grid items-start gap-6 lg:grid-cols-[1fr_22rem] lg:gap-8">
      <div className="ticket flex">
        <DateStub />
        <div className="grid grow gap-6 p-5 sm:p-8">
          <Skeleton className="h-6 w-28 rounded-full" />
          <Skeleton className="h-10 w-3/4" />
          <Skeleton className="h-12 w-2/3" />
          <Skeleton className="h-10 w-1/2" />
          <Skeleton className="h-10 w-1/4" />
          <Skeleton className="h-14" />
        </div>
        <span className="ticket-edge" />
      </div>
      <div className="grid gap-5 rounded-ticket border bg-card p-5 sm:p-6">
        <Skeleton className="h-8 w-28" />
        <Skeleton className="h-9" />
        <Skeleton className="h-11 rounded-md" />
      </div>
    </div>
  )
}
