// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, nullable, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const Webhook: GenericSchema<Schemas['Webhook']> = object({
  createdAt: string(),
  eventId: nullable(string()),
  failingSince: optional(string()),
  id: string(),
  oldSecretUntil: optional(string()),
  status: picklist(["active","paused","failing","gone"]),
  types: array(string()),
  url: string(),
})

export const WebhookList: GenericSchema<Schemas['WebhookList']> = object({
  data: array(Webhook),
})

export const WebhookWithSecret: GenericSchema<Schemas['WebhookWithSecret']> = object({
  createdAt: string(),
  eventId: nullable(string()),
  failingSince: optional(string()),
  id: string(),
  oldSecretUntil: optional(string()),
  secret: string(),
  status: picklist(["active","paused","failing","gone"]),
  types: array(string()),
  url: string(),
})

export const WebhookDelivery: GenericSchema<Schemas['WebhookDelivery']> = object({
  attemptedAt: optional(string()),
  attempts: number(),
  createdAt: string(),
  durationMs: optional(number()),
  error: optional(string()),
  eventId: nullable(string()),
  id: number(),
  messageId: string(),
  nextAttemptAt: optional(string()),
  status: picklist(["pending","delivered","failed"]),
  statusCode: optional(number()),
  type: string(),
})

export const DeliveryListMetaStruct: GenericSchema<Schemas['DeliveryListMetaStruct']> = object({
  limit: number(),
  next: optional(string()),
})

export const DeliveryList: GenericSchema<Schemas['DeliveryList']> = object({
  data: array(WebhookDelivery),
  meta: DeliveryListMetaStruct,
})
