import { usePathname } from 'next/navigation'
import { useSyncExternalStore } from 'react'

/** Changes what the address says after the path. Next follows the History API; a navigation of the router would fetch the page's files again. */
export function changeSearch(pathname: string, search: string, how: 'push' | 'replace'): void {
  if (search === location.search) return
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', pathname + search)
}

/**
 * The id in /events/<id>, and in other addresses of this form. All ids share one exported page, whose own parameter is a placeholder, so
 * it is read from the address; undefined while the page is prerendered and hydrated.
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
