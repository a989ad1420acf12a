// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, number, object, optional, picklist, record, string, unknown, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const StreamItem: GenericSchema<Schemas['StreamItem']> = object({
  capacity: number(),
  firstAt: string(),
  id: string(),
  lastAt: string(),
  position: number(),
  records: number(),
  remaining: number(),
  status: string(),
  title: string(),
})

export const StreamList: GenericSchema<Schemas['StreamList']> = object({
  data: array(StreamItem),
  next: optional(number()),
  total: number(),
})

export const StateSummary: GenericSchema<Schemas['StateSummary']> = object({
  capacity: number(),
  held: number(),
  remaining: number(),
  sold: number(),
  status: picklist(["NONE","DRAFT","SCHEDULED","CANCELLED"]),
  waiting: number(),
})

export const StreamRecord: GenericSchema<Schemas['StreamRecord']> = object({
  data: record(string(), unknown()),
  hash: string(),
  metadata: record(string(), unknown()),
  position: number(),
  problem: optional(string()),
  recordedAt: string(),
  schemaVersion: number(),
  state: StateSummary,
  type: string(),
  version: number(),
})

export const TicketCount: GenericSchema<Schemas['TicketCount']> = object({
  quantity: number(),
  ticketTypeId: number(),
})

export const StreamHold: GenericSchema<Schemas['StreamHold']> = object({
  expiresAt: string(),
  id: string(),
  lines: array(TicketCount),
  offered: boolean(),
  userId: string(),
})

export const StreamTicketType: GenericSchema<Schemas['StreamTicketType']> = object({
  capacity: optional(number()),
  held: number(),
  id: number(),
  name: string(),
  price: number(),
  remaining: number(),
  sold: number(),
})

export const StreamEntry: GenericSchema<Schemas['StreamEntry']> = object({
  id: string(),
  lines: array(TicketCount),
  number: number(),
  userId: string(),
})

export const StreamState: GenericSchema<Schemas['StreamState']> = object({
  at: optional(string()),
  bookings: number(),
  capacity: number(),
  category: optional(string()),
  currency: string(),
  date: optional(string()),
  description: string(),
  endsAt: optional(string()),
  held: number(),
  holds: array(StreamHold),
  image: optional(string()),
  maxPerCustomer: number(),
  organizerName: optional(string()),
  position: number(),
  price: number(),
  remaining: number(),
  requireProofOfWork: optional(boolean()),
  saleClosesAt: optional(string()),
  saleOpensAt: optional(string()),
  sold: number(),
  status: picklist(["NONE","DRAFT","SCHEDULED","CANCELLED"]),
  ticketTypes: array(StreamTicketType),
  timeZone: string(),
  title: string(),
  unknown: optional(boolean()),
  venue: string(),
  version: number(),
  waiting: number(),
  waitlist: array(StreamEntry),
})

export const StreamPage: GenericSchema<Schemas['StreamPage']> = object({
  next: optional(number()),
  records: array(StreamRecord),
  state: StreamState,
  streamId: string(),
  version: number(),
})

export const StreamBucket: GenericSchema<Schemas['StreamBucket']> = object({
  at: string(),
  bookings: number(),
  cancellations: number(),
  capacity: number(),
  remaining: number(),
  version: number(),
})

export const StreamSeries: GenericSchema<Schemas['StreamSeries']> = object({
  busiest: number(),
  spanSeconds: number(),
  spans: array(StreamBucket),
  streamId: string(),
})

export const Finding: GenericSchema<Schemas['Finding']> = object({
  check: picklist(["position","version","time","hash","decode","rule","read model","checkpoint","fairness"]),
  detail: string(),
  position: number(),
  streamId: string(),
  version: number(),
})

export const Skipped: GenericSchema<Schemas['Skipped']> = object({
  customerId: string(),
  free: number(),
  lines: array(TicketCount),
  number: number(),
  others: number(),
  ticketTypeId: optional(number()),
})

export const OfferReason: GenericSchema<Schemas['OfferReason']> = object({
  before: number(),
  entryId: string(),
  expiresAt: string(),
  joinedVersion: number(),
  number: number(),
  skipped: array(Skipped),
})

export const FairnessStep: GenericSchema<Schemas['FairnessStep']> = object({
  at: string(),
  customerId: optional(string()),
  free: number(),
  lines: array(TicketCount),
  offer: optional(OfferReason),
  outcome: picklist(["offered","nobody waits","not enough","not on sale","passed over"]),
  position: number(),
  problem: optional(string()),
  type: string(),
  version: number(),
  waiting: number(),
})

export const StreamFairness: GenericSchema<Schemas['StreamFairness']> = object({
  findings: array(Finding),
  freed: number(),
  joined: number(),
  more: number(),
  next: optional(number()),
  offers: number(),
  records: number(),
  steps: array(FairnessStep),
  streamId: string(),
  version: number(),
  waiting: number(),
})

export const VerifyProgress: GenericSchema<Schemas['VerifyProgress']> = object({
  done: number(),
  phase: picklist(["records","read models"]),
  total: number(),
})

export const ReadModelReport: GenericSchema<Schemas['ReadModelReport']> = object({
  name: string(),
  position: number(),
  rows: number(),
})

export const Report: GenericSchema<Schemas['Report']> = object({
  checkpoints: number(),
  findings: array(Finding),
  head: number(),
  more: number(),
  readModels: array(ReadModelReport),
  records: number(),
  root: optional(string()),
  seconds: number(),
  signaturesChecked: boolean(),
  signedUpTo: number(),
  streamId: string(),
  streams: number(),
})

export const Verification: GenericSchema<Schemas['Verification']> = object({
  error: optional(string()),
  finishedAt: optional(string()),
  id: string(),
  progress: VerifyProgress,
  report: optional(Report),
  startedAt: string(),
  startedBy: string(),
  state: picklist(["running","passed","failed","broken"]),
  streamId: optional(string()),
})

export const VerificationList: GenericSchema<Schemas['VerificationList']> = object({
  data: array(Verification),
  next: optional(string()),
})
