import { useEffect, useState, type ComponentType, type ReactNode } from 'react'

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
    const [{ failure }, setOutcome] = useState<{ failure?: unknown }>({})
    useEffect(() => {
      if (view) return
      let isGone = false
      const settle = (outcome: { failure?: unknown }) => {
        if (!isGone) setOutcome(outcome)
      }
      void (loading ?? fetchView()).catch(fetchView).then(
        () => settle({}),
        (failure: unknown) => settle({ failure }),
      )
      return () => {
        isGone = true
      }
    }, [])
    if (failure) throw failure // for the page's error boundary
    const Loaded = view
    return Loaded ? <Loaded /> : waiting
  }
}
