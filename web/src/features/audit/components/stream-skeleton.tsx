import { Skeleton } from '@/components/ui/skeleton'

export function StreamSkeleton() {
  return (
    <div className="grid gap-6">
      <p role="status" className="sr-only">
        Loading the stream
      </p>
      <div className="grid gap-2">
        <Skeleton className="h-10 w-2/3" />
        <Skeleton className="h-4 w-1/2" />
      </div>
      <Skeleton className="h-11 rounded-md sm:w-96" />
      <div className="grid gap-6 lg:grid-cols-2">
        <Skeleton className="h-96 rounded-ticket" />
        <Skeleton className="h-96 rounded-ticket" />
      </div>
    </div>
  )
}
