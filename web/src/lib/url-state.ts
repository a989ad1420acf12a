import { useQueryStates, type Options, type UseQueryStatesKeysMap } from 'nuqs'
import { useCallback } from 'react'
import { navigations } from './navigations'

/**
 * State that is kept in the query of the URL. nuqs writes it there a moment later. Written while the router
 * is on its way to another page, it would bring this one back: what has not been written by then is dropped.
 */
export function useUrlState<Keys extends UseQueryStatesKeysMap>(keys: Keys) {
  const [values, set] = useQueryStates(keys)
  const change = useCallback(
    (part: Parameters<typeof set>[0], options?: Pick<Options, 'history'>) => {
      const before = navigations.begun
      // nuqs calls this to write.
      const startTransition = (write: () => void) => {
        if (navigations.begun === before) write()
      }
      void set(part, { ...options, startTransition })
    },
    [set],
  )
  return [values, change] as const
}
