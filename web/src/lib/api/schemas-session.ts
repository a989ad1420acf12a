// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, nullable, number, object, optional, picklist, string, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const User: GenericSchema<Schemas['User']> = object({
  email: string(),
  emailVerified: boolean(),
  hasEventRole: optional(boolean()),
  id: string(),
  name: string(),
  role: picklist(["customer","organizer","auditor","admin"]),
})

export const Session: GenericSchema<Schemas['Session']> = object({
  accessToken: string(),
  refreshToken: optional(string()),
  user: User,
})

export const UserSession: GenericSchema<Schemas['UserSession']> = object({
  current: boolean(),
  device: string(),
  id: string(),
  lastUsedAt: string(),
  signedInAt: string(),
})

export const SessionsOutputBody: GenericSchema<Schemas['SessionsOutputBody']> = object({
  data: nullable(array(UserSession)),
})

export const FieldProblem: GenericSchema<Schemas['FieldProblem']> = object({
  detail: string(),
  pointer: string(),
})

export const Problem: GenericSchema<Schemas['Problem']> = object({
  checkedInAt: optional(string()),
  checkedInBy: optional(string()),
  code: string(),
  detail: string(),
  errors: optional(nullable(array(FieldProblem))),
  requestId: optional(string()),
  saleOpensAt: optional(string()),
  scope: optional(string()),
  status: number(),
  title: string(),
  type: string(),
  waitlist: optional(boolean()),
})
