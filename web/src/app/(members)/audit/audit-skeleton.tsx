import { Skeleton } from '@/components/ui/skeleton'
import { StreamListSkeleton } from '@/features/audit/components/stream-list-skeleton'

export function AuditSkeleton() {
  return (
    <div className="grid gap-6">
      <div className="grid gap-1.5">
        <h1 className="type-display text-4xl sm:text-5xl">Audit</h1>
        <Skeleton className="h-6 max-w-3xl" />
      </div>
      <Skeleton className="h-11 rounded-md sm:w-96" />
      <Skeleton className="h-11 rounded-md" />
      <StreamListSkeleton />
      <p role="status" className="sr-only">
        Loading streams
      </p>
    </div>
  )
}
