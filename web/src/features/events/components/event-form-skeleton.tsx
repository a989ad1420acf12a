import { Skeleton } from '@/components/ui/skeleton'

export function EventFormSkeleton() {
  return (
    <div aria-hidden className="grid max-w-2xl gap-6">
      <Skeleton className="h-11 w-72" />
      <div className="grid gap-5 rounded-ticket border bg-card p-5 sm:p-8">
        {Array.from({ length: 5 }, (_, i) => (
          <Skeleton key={i} className="h-17" />
        ))}
      </div>
    </div>
  )
}
