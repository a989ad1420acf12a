import { useEffect } from 'react'

/**
 * Fetches code that a page can be shown without, once the page works, so that what needs it neither waits nor fails when the network
 * is gone by then.
 */
export function usePreload(...loads: readonly (() => Promise<unknown>)[]): void {
  useEffect(() => {
    for (const load of loads) load().catch(() => undefined) // fetched again when it is needed
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what a page needs does not change
  }, [])
}
