import { startTransition, useEffect, useState, type ComponentType, type ReactNode } from 'react'
import { loadCode } from './load-code'

export type LazyView = ComponentType<{ waiting: ReactNode }>

/**
 * A view that is not part of the page's first scripts. It is fetched at once, beside the renewal of the session, without which it
 * could not be shown anyway, and `waiting` stands in its place until it is there. React's own `lazy` would take a third of a second
 * more: when Suspense has shown a fallback, it waits before it shows the next thing.
 */
export function lazyView(load: () => Promise<{ default: ComponentType }>): LazyView {
  let view: ComponentType | undefined
  const fetchView = async () => {
    view = (await load()).default
  }
  const loading = typeof window === 'undefined' ? undefined : fetchView()
  loading?.catch(() => undefined) // asked for again when it is needed

  return function View({ waiting }) {
    // State and not `view` itself, which may come between the first render and the effect.
    const [isThere, setThere] = useState(view !== undefined)
    const [failure, setFailure] = useState<{ cause: unknown }>()
    useEffect(() => {
      if (isThere) return
      let isGone = false
      void loadCode(() => (loading ?? fetchView()).catch(fetchView)).then(
        () => !isGone && startTransition(() => setThere(true)), // drawn in slices, between which the page answers
        (cause: unknown) => !isGone && setFailure({ cause }),
      )
      return () => {
        isGone = true
      }
    }, [isThere])
    if (failure) throw failure.cause // for the page's error boundary
    const Loaded = view
    return isThere && Loaded ? <Loaded /> : waiting
  }
}
