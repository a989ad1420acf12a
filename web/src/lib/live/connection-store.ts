import { create } from 'zustand'

/** `live`: pushed by the server. `polling`: fetched every few seconds. `offline`: neither works. */
export type ConnectionState = 'connecting' | 'live' | 'polling' | 'offline'

const store = create<{ state: ConnectionState }>()(() => ({ state: 'connecting' }))

export const useConnectionState = (): ConnectionState => store((s) => s.state)
export const connectionState = (): ConnectionState => store.getState().state
export const setConnectionState = (state: ConnectionState): void => store.setState({ state })
