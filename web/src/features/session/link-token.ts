import { useSyncExternalStore } from 'react'

const subscribe = (changed: () => void) => {
  addEventListener('hashchange', changed)
  return () => removeEventListener('hashchange', changed)
}
const token = () => new URLSearchParams(location.hash.slice(1)).get('token') ?? ''

/** The token of the link in an e-mail. Empty: the link has none; undefined: not known yet. */
export const useLinkToken = (): string | undefined => useSyncExternalStore(subscribe, token, () => undefined)

/** Takes a used token out of the address, and so out of the history. */
export const forgetLinkToken = (): void => history.replaceState(history.state, '', location.pathname)
