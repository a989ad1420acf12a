import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { done } from '@/lib/api/done'
import {
  DeliveryList,
  Webhook,
  WebhookDelivery,
  WebhookList,
  WebhookWithSecret,
} from '@/lib/api/schemas-webhooks'
import type { WebhookDelivery as Delivery } from '@/lib/api/types'

const at = (id: string) => ({ params: { path: { id } } })

/** The user's webhooks, oldest first. */
export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: async ({ signal }) => (await read(WebhookList, api.GET('/webhooks', { signal }))).data.data,
})

/** What was sent to a webhook, newest first. Looked at again while something is on its way. */
export const deliveriesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', id, 'deliveries'],
    initialPageParam: '',
    queryFn: async ({ signal, pageParam }) => {
      const query = pageParam ? { cursor: pageParam } : {}
      const params = { path: { id }, query }
      return (await read(DeliveryList, api.GET('/webhooks/{id}/deliveries', { params, signal }))).data
    },
    getNextPageParam: ({ meta }) => meta.next,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ data }) => data.some(isOnItsWay)) ? ON_ITS_WAY : false,
  })

const ON_ITS_WAY = 2_000

/** It was not tried yet, or is tried again within seconds. */
const isOnItsWay = ({ status, attempts }: Delivery) => status === 'pending' && attempts < 3

export const createWebhook = async (body: { url: string; types: string[]; eventId?: string }) =>
  (await read(WebhookWithSecret, api.POST('/webhooks', { body }))).data

export const changeWebhook = async (id: string, body: { status: 'active' | 'paused' }) =>
  (await read(Webhook, api.PATCH('/webhooks/{id}', { ...at(id), body }))).data

export const deleteWebhook = (id: string) => done(api.DELETE('/webhooks/{id}', at(id)))

export const rotateSecret = async (id: string) =>
  (await read(WebhookWithSecret, api.POST('/webhooks/{id}/secret', at(id)))).data

export const sendTest = async (id: string) =>
  (await read(WebhookDelivery, api.POST('/webhooks/{id}/test', at(id)))).data

export const redeliver = async (id: string, deliveryId: number) =>
  (
    await read(
      WebhookDelivery,
      api.POST('/webhooks/{id}/deliveries/{deliveryId}/redeliver', { params: { path: { id, deliveryId } } }),
    )
  ).data
