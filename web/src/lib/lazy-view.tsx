import { lazy, type ComponentType } from 'react'

/**
 * A view that is not part of the page's first scripts. It is fetched at once, beside the renewal of the session, without which it
 * could not be shown anyway.
 */
export function lazyView<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  const loading = typeof window === 'undefined' ? undefined : load()
  loading?.catch(() => undefined) // asked for again when it is needed
  return lazy(() => loading?.catch(load) ?? load())
}
