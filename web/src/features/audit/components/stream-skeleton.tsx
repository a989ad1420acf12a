import { Loading, Skeleton } from '@/components/ui/skeleton'
import { texts } from '../strings'

export function StreamSkeleton() {
  return (
    <div className="grid gap-6">
      <Loading>{texts.history.loading}</Loading>
      <div className="grid gap-2">
        <Skeleton className="h-10 w-2/3" />
        <Skeleton className="h-4 w-1/2" />
      </div>
      <Skeleton className="h-40 rounded-ticket" />
      <Skeleton className="h-24 rounded-ticket" />
      <div className="grid gap-6 lg:grid-cols-2">
        <Skeleton className="h-96 rounded-ticket" />
        <Skeleton className="h-96 rounded-ticket" />
      </div>
    </div>
  )
}
