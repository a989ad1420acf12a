import { Button } from './ui/button'
import { Spinner } from './ui/spinner'

/** Fetches the next page of a list, if there is one. */
export function MoreButton({
  list,
  children,
}: {
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
  children: string
}) {
  if (!list.hasNextPage) return null
  return (
    <Button
      variant="outline"
      className="justify-self-center"
      disabled={list.isFetchingNextPage}
      onClick={() => void list.fetchNextPage()}
    >
      {list.isFetchingNextPage && <Spinner />}
      <span>{children}</span>
    </Button>
  )
}
