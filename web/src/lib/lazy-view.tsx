import { startTransition, useEffect, useState, type ComponentType, type ReactNode } from 'react'
import { loadCode } from './load-code'

export type LazyView = ComponentType<{ waiting: ReactNode }>

/**
 * A view that is not in the first scripts of the page. It is fetched at once, in parallel with the
 * renewal of the session, which it needs anyway; `waiting` is shown until both are done. React's
 * own `lazy` takes a third of a second longer: after a Suspense fallback, React waits before it
 * shows the content.
 */
export function lazyView(load: () => Promise<{ default: ComponentType }>): LazyView {
  let view: ComponentType | undefined
  const fetchView = async () => {
    view = (await load()).default
  }
  const loading = typeof window === 'undefined' ? undefined : fetchView()
  loading?.catch(() => undefined) // requested again when it is needed

  return function View({ waiting }) {
    // State and not `view` itself, which may arrive between the first render and the effect.
    const [isLoaded, setLoaded] = useState(view !== undefined)
    const [failure, setFailure] = useState<{ cause: unknown }>()
    useEffect(() => {
      if (isLoaded) return
      let isUnmounted = false
      void loadCode(() => (loading ?? fetchView()).catch(fetchView)).then(
        // Rendered in slices, so that the page stays responsive.
        () => !isUnmounted && startTransition(() => setLoaded(true)),
        (cause: unknown) => !isUnmounted && setFailure({ cause }),
      )
      return () => {
        isUnmounted = true
      }
    }, [isLoaded])
    if (failure) throw failure.cause // for the page's error boundary
    const Loaded = view
    return isLoaded && Loaded ? <Loaded /> : waiting
  }
}
