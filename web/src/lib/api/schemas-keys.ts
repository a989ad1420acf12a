// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const APIKey: GenericSchema<Schemas['APIKey']> = object({
  createdAt: string(),
  expiresAt: optional(string()),
  id: string(),
  lastUsedAt: optional(string()),
  name: string(),
  prefix: string(),
  scopes: array(picklist(["read","book","manage","check_in","audit"])),
})

export const KeysOutputBody: GenericSchema<Schemas['KeysOutputBody']> = object({
  data: array(APIKey),
})

export const NewAPIKey: GenericSchema<Schemas['NewAPIKey']> = object({
  createdAt: string(),
  expiresAt: optional(string()),
  id: string(),
  key: string(),
  lastUsedAt: optional(string()),
  name: string(),
  prefix: string(),
  scopes: array(picklist(["read","book","manage","check_in","audit"])),
})
