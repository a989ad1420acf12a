import { useSyncExternalStore } from 'react'
import { vi } from 'vitest'

// Replaces Next's router in tests: the URL is that of the document.
const router = {
  prefetch: vi.fn(),
  push: vi.fn((url: string) => history.pushState(null, '', url)),
  replace: vi.fn((url: string) => history.replaceState(null, '', url)),
}

const listeners = new Set<() => void>()
for (const name of ['pushState', 'replaceState'] as const) {
  const original = history[name].bind(history)
  history[name] = (...args: Parameters<History['pushState']>) => {
    original(...args)
    listeners.forEach((listener) => listener())
  }
}
const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useRouter = () => router
export const usePathname = () => useSyncExternalStore(subscribe, () => location.pathname)
export const useSearchParams = () =>
  new URLSearchParams(useSyncExternalStore(subscribe, () => location.search))
