import { usePathname } from 'next/navigation'
import { useSyncExternalStore } from 'react'

/**
 * The id in /events/<id> and similar paths. All ids share one exported page, whose own parameter is
 * a placeholder, so the id is read from the URL. It is undefined while the page is prerendered and
 * hydrated.
 */
export function usePathId(): string | undefined {
  const pathname = usePathname()
  const mounted = useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  )
  return mounted ? pathname.split('/')[2] : undefined
}

/** A parameter of the URL's query as it was when the page came; null if there is none, and while the page is prerendered. */
export const useParameter = (name: string): string | null =>
  useSyncExternalStore(
    () => () => undefined,
    () => new URLSearchParams(location.search).get(name),
    () => null,
  )
