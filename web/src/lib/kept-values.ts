import { useEffect } from 'react'

const keyOf = () => `boxoffice.kept ${location.pathname}`

/** Keeps the form values of this page across one reload; never passwords. */
export function keepForms(): void {
  const fields = document.querySelectorAll<HTMLInputElement>('main form :is(input, select, textarea)[name]')
  const kept = [...fields].filter((field) => !/password/i.test(field.name))
  try {
    const values = Object.fromEntries(kept.map(({ name, value }) => [name, value]))
    sessionStorage.setItem(keyOf(), JSON.stringify(values))
  } catch {
    // Storage is disabled: the user types it again.
  }
}

/** Restores the kept values, once. */
export function useKeptValues(restore: (name: string, value: string) => void): void {
  useEffect(() => {
    try {
      const kept = sessionStorage.getItem(keyOf())
      sessionStorage.removeItem(keyOf())
      if (kept)
        for (const [name, value] of Object.entries(JSON.parse(kept) as object)) restore(name, String(value))
    } catch {
      // Storage is disabled, so nothing was kept.
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only values kept before the page was loaded are restored
  }, [])
}
