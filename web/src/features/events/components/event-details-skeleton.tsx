import { Skeleton } from '@/components/ui/skeleton'
import { detailsClass } from './event-details'

export function EventDetailsSkeleton() {
  return (
    <div aria-hidden className={detailsClass}>
      <div className="shimmer overflow-hidden rounded-ticket border bg-card">
        <Skeleton className="aspect-video max-h-[26rem] w-full rounded-none sm:aspect-21/9" />
        <div className="grid gap-6 p-5 sm:p-8">
          <Skeleton className="h-6 w-28 rounded-full" />
          <Skeleton className="h-10 w-3/4" />
          <Skeleton className="h-12 w-2/3" />
          <Skeleton className="h-11 w-1/2 rounded-md" />
        </div>
      </div>
      <div className="grid gap-5 rounded-ticket border bg-card p-5 sm:p-6">
        <Skeleton className="h-8 w-28" />
        <Skeleton className="h-9" />
        <Skeleton className="h-11 rounded-md" />
      </div>
    </div>
  )
}
