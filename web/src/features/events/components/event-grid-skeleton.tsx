import { Skeleton } from '@/components/ui/skeleton'
import { DateStub } from './date-stub'

export const columns = 'grid gap-4 md:grid-cols-2 md:gap-5 xl:grid-cols-3'

export function EventGridSkeleton() {
  return (
    <div className={columns}>
      {Array.from({ length: 6 }, (_, i) => (
        <EventCardSkeleton key={i} />
      ))}
    </div>
  )
}

function EventCardSkeleton() {
  return (
    <div aria-hidden className="ticket flex">
      <DateStub weekday="" day="" month="" year="" />
      <div className="shimmer flex grow flex-col gap-3 p-4 pl-5">
        <div className="grid gap-1.5">
          <Skeleton className="my-0.5 h-[1.2rem] w-4/5" />
          <Skeleton className="my-[0.1875rem] h-3.5 w-11/12" />
          <Skeleton className="my-[0.1875rem] h-3.5 w-1/2" />
        </div>
        <div className="mt-auto flex items-center justify-between">
          <Skeleton className="h-6 w-28 rounded-full" />
          <Skeleton className="h-5 w-16" />
        </div>
        <Skeleton className="h-11 rounded-md" />
      </div>
      <span className="ticket-edge" />
    </div>
  )
}
