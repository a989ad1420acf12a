import { Skeleton } from '@/components/ui/skeleton'
import { EventGridSkeleton } from '@/features/events/components/event-grid-skeleton'

export function EventsSkeleton() {
  return (
    <div className="grid gap-6">
      <div className="grid gap-1.5">
        <h1 className="type-display text-4xl sm:text-5xl">Events</h1>
        <Skeleton className="h-6 w-28" />
      </div>
      <div className="flex flex-col gap-3 sm:flex-row">
        <Skeleton className="h-11 grow rounded-md" />
        <Skeleton className="h-11 rounded-md sm:w-56" />
      </div>
      <EventGridSkeleton />
      <p role="status" className="sr-only">
        Loading events
      </p>
    </div>
  )
}
