import { queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { done } from '@/lib/api/done'
import type { components } from '@/lib/api/schema'
import { KeysOutputBody, NewAPIKey } from '@/lib/api/schemas-keys'

export type ApiKey = components['schemas']['APIKey']
export type Scope = ApiKey['scopes'][number]

/** The user's API keys, the newest first. */
export const keysQuery = queryOptions({
  queryKey: ['account', 'keys'],
  queryFn: async ({ signal }) => (await read(KeysOutputBody, api.GET('/auth/keys', { signal }))).data.data,
})

/** Makes a key. The answer is the only one that has the key itself. */
export const createKey = async (body: components['schemas']['CreateKeyInputBody']) =>
  (await read(NewAPIKey, api.POST('/auth/keys', { body }))).data

export const revokeKey = (id: string) => done(api.DELETE('/auth/keys/{id}', { params: { path: { id } } }))
