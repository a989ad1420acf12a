import { useEffect } from 'react'

const keyOf = () => `boxoffice.kept ${location.pathname}`

/** Keeps the form values of this page across one reload; never passwords. */
export function keepValues(values: Record<string, unknown>): void {
  const kept = Object.entries(values).filter(([name]) => !/password/i.test(name))
  try {
    sessionStorage.setItem(keyOf(), JSON.stringify(Object.fromEntries(kept)))
  } catch {
    // Storage is disabled: the user types it again.
  }
}

/** Restores the kept values, once. */
export function useKeptValues(restore: (name: string, value: unknown) => void): void {
  useEffect(() => {
    try {
      const kept = sessionStorage.getItem(keyOf())
      sessionStorage.removeItem(keyOf())
      if (kept) for (const [name, value] of Object.entries(JSON.parse(kept) as object)) restore(name, value)
    } catch {
      // Storage is disabled, so nothing was kept.
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only values kept before the page was loaded are restored
  }, [])
}
