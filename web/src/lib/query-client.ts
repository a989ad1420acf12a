import { QueryClient } from '@tanstack/react-query'
import { ApiError } from '@/lib/api/error'

/** The one cache of what the server said. Signing out empties it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 4_000,
      // Failures that asking again can mend are asked again; refusals are final.
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status >= 500 || error.status === 429),
      retryDelay: (failures, error) =>
        error instanceof ApiError && error.retryAfter ? error.retryAfter * 1_000 : 500 * 2 ** failures,
      networkMode: 'always', // a failed request says more than the browser's guess about the network
    },
    mutations: { networkMode: 'always' },
  },
})
