import { Skeleton } from '@/components/ui/skeleton'

export function StreamListSkeleton() {
  return (
    <div aria-hidden className="grid gap-3">
      {[1, 2, 3, 4].map((i) => (
        <div key={i} className="grid gap-2.5 rounded-ticket border bg-card p-4 sm:px-5">
          <Skeleton className="h-5 w-1/3" />
          <Skeleton className="h-4 w-2/3" />
          <Skeleton className="h-4 w-1/2" />
        </div>
      ))}
    </div>
  )
}
