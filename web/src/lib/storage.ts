// localStorage, which browsers may have disabled: then nothing is kept.

export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** Null removes what is stored. Returns whether that was done. */
export function store(key: string, value: string | null): boolean {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
    return true
  } catch {
    return false // disabled, or full
  }
}

/** Removes a cache of the service worker, of which there are none over plain http. */
export function deleteCache(name: string): void {
  if (typeof caches !== 'undefined') void caches.delete(name).catch(() => undefined)
}
