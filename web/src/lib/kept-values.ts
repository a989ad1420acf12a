import { useEffect } from 'react'

const keyOf = () => `boxoffice.kept ${location.pathname}`

/** Keeps what was typed into the form of this page over one load of it; never passwords. */
export function keepValues(values: Record<string, unknown>): void {
  const kept = Object.entries(values).filter(([name]) => !/password/i.test(name))
  try {
    sessionStorage.setItem(keyOf(), JSON.stringify(Object.fromEntries(kept)))
  } catch {
    // Storage is switched off: people type it again.
  }
}

/** Gives back, once, what was kept. */
export function useKeptValues(restore: (name: string, value: unknown) => void): void {
  useEffect(() => {
    try {
      const kept = sessionStorage.getItem(keyOf())
      sessionStorage.removeItem(keyOf())
      if (kept) for (const [name, value] of Object.entries(JSON.parse(kept) as object)) restore(name, value)
    } catch {
      // Storage is switched off, so nothing was kept.
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only what was there when the page was loaded is given back
  }, [])
}
