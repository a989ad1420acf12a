import { QueryClient } from '@tanstack/react-query'
import { ApiError } from '@/lib/api/error'

/** The one cache of server data. Signing out clears it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 4_000,
      // Only failures that a retry can fix are retried; refusals are final.
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status >= 500 || error.status === 429),
      retryDelay: (failures, error) =>
        error instanceof ApiError && error.retryAfter ? error.retryAfter * 1_000 : 500 * 2 ** failures,
      // A failed request tells more than the browser's guess about the network.
      networkMode: 'always',
      refetchOnReconnect: true, // which this mode turns off
    },
    mutations: { networkMode: 'always' },
  },
})
