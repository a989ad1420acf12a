import { create } from 'zustand'

/** `live`: pushed by the server. `polling`: fetched every few seconds. `offline`: neither works. */
export type ConnectionState = 'connecting' | 'live' | 'polling' | 'offline'

interface Connection {
  state: ConnectionState
  /** When it was noticed that nothing is received any more, in milliseconds since 1970. */
  silentSince?: number
}

const store = create<Connection>()(() => ({ state: 'connecting' }))

export const useConnection = (): Connection => store()
export const connectionState = (): ConnectionState => store.getState().state
export const silentSince = (): number | undefined => store.getState().silentSince
export const setConnectionState = (state: ConnectionState): void => store.setState({ state })
export const connectionSilent = (): void => store.setState({ silentSince: Date.now() })
