// Generated from the description of the API by `npm run generate`. Not to be changed by hand.

import { array, boolean, nullable, number, object, optional, picklist, record, string, unknown, type GenericSchema } from 'valibot'
import type { components } from './schema'

type Schemas = components['schemas']

export const Event: GenericSchema<Schemas['Event']> = object({
  category: string(),
  currency: string(),
  date: string(),
  description: string(),
  endsAt: nullable(string()),
  id: string(),
  image: nullable(object({
  height: number(),
  url: string(),
  width: number(),
})),
  organizerName: string(),
  price: number(),
  remainingTickets: number(),
  requireProofOfWork: boolean(),
  status: picklist(["SCHEDULED","CANCELLED"]),
  timeZone: string(),
  title: string(),
  totalTickets: number(),
  venue: string(),
  version: number(),
})

export const PageMeta: GenericSchema<Schemas['PageMeta']> = object({
  limit: number(),
  next: optional(string()),
  page: number(),
  total: number(),
  totalPages: number(),
})

export const EventPage: GenericSchema<Schemas['EventPage']> = object({
  data: array(Event),
  meta: PageMeta,
})

export const UploadedImage: GenericSchema<Schemas['UploadedImage']> = object({
  height: number(),
  id: string(),
  url: string(),
  width: number(),
})

export const TicketCode: GenericSchema<Schemas['TicketCode']> = object({
  code: string(),
  number: number(),
  ticketTypeId: number(),
})

export const BookingWithEvent: GenericSchema<Schemas['BookingWithEvent']> = object({
  cancelledAt: optional(string()),
  createdAt: string(),
  event: Event,
  eventId: string(),
  id: string(),
  status: picklist(["CONFIRMED","CANCELLED"]),
  tickets: optional(nullable(array(TicketCode))),
  userId: string(),
})

export const BookingMeta: GenericSchema<Schemas['BookingMeta']> = object({
  limit: number(),
  next: optional(string()),
})

export const BookingList: GenericSchema<Schemas['BookingList']> = object({
  data: array(BookingWithEvent),
  meta: BookingMeta,
})

export const Booking: GenericSchema<Schemas['Booking']> = object({
  cancelledAt: optional(string()),
  createdAt: string(),
  eventId: string(),
  id: string(),
  status: picklist(["CONFIRMED","CANCELLED"]),
  userId: string(),
})

export const EventSummary: GenericSchema<Schemas['EventSummary']> = object({
  id: string(),
  remainingTickets: number(),
  title: string(),
  version: number(),
})

export const BookingChange: GenericSchema<Schemas['BookingChange']> = object({
  booking: Booking,
  event: EventSummary,
})

export const User: GenericSchema<Schemas['User']> = object({
  email: string(),
  emailVerified: boolean(),
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
  remaining: number(),
  sold: number(),
  status: picklist(["NONE","SCHEDULED","CANCELLED"]),
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

export const StreamState: GenericSchema<Schemas['StreamState']> = object({
  at: optional(string()),
  bookings: number(),
  capacity: number(),
  category: optional(string()),
  currency: string(),
  date: optional(string()),
  description: string(),
  endsAt: optional(string()),
  image: optional(string()),
  organizerName: optional(string()),
  position: number(),
  price: number(),
  remaining: number(),
  requireProofOfWork: optional(boolean()),
  sold: number(),
  status: picklist(["NONE","SCHEDULED","CANCELLED"]),
  timeZone: string(),
  title: string(),
  unknown: optional(boolean()),
  venue: string(),
  version: number(),
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

export const VerifyProgress: GenericSchema<Schemas['VerifyProgress']> = object({
  done: number(),
  phase: picklist(["records","read models"]),
  total: number(),
})

export const Finding: GenericSchema<Schemas['Finding']> = object({
  check: picklist(["position","version","time","hash","decode","rule","read model","checkpoint"]),
  detail: string(),
  position: number(),
  streamId: string(),
  version: number(),
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
  status: number(),
  title: string(),
  type: string(),
})
