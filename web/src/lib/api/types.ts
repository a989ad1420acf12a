// The types of the API, under the names used here. schema.d.ts is generated: `npm run generate`.
import type { components } from './schema'

type Schemas = components['schemas']

export type User = Schemas['User']
export type Session = Omit<Schemas['Session'], 'refreshToken'> // the refresh token stays in its cookie
export type Event = Schemas['Event']
/** The fields of an event that an organizer edits. */
export type EventDetails = Required<Omit<Schemas['ScheduleEventInputBody'], 'allowPast' | OnlySome>> &
  Pick<Schemas['ScheduleEventInputBody'], OnlySome>
/** Ticket types, or a price, which an event has instead whose tickets are all the same. */
type OnlySome = 'price' | 'ticketTypes' | 'draft' | 'requireProofOfWork'
export type EventPage = Schemas['EventPage']
export type BookingWithEvent = Schemas['BookingWithEvent']
export type BookingList = Schemas['BookingList']
export type BookingChange = Schemas['BookingChange']
export type TicketType = Event['ticketTypes'][number]
/** Some tickets of one type. */
export type TicketLine = Pick<Hold['lines'][number], 'ticketTypeId' | 'quantity'>
/** Tickets that are set aside for the user until a time. */
export type Hold = Schemas['Hold']
/** A place on a waiting list. */
export type WaitlistEntry = Schemas['WaitlistEntry']
/** An event in the list of those who organize it. */
export type DeskListedEvent = Schemas['DeskListedEvent']
/** An event as those see it who organize it. */
export type DeskEvent = Schemas['DeskEvent']
/** What tickets of one type come to. */
export type Turnover = Schemas['DeskTurnover']
export type Sales = Schemas['SalesList']
/** A booking, as an organizer of its event sees it. */
export type Attendee = Schemas['Attendee']
export type AttendeeTicket = Schemas['AttendeeTicket']
/** What an organizer has written to everybody who had tickets. */
export type OrganizerMessage = Schemas['Message']
export type StreamItem = Schemas['StreamItem']
export type StreamPage = Schemas['StreamPage']
export type StreamRecord = Schemas['StreamRecord']
export type StreamState = Schemas['StreamState']
export type StreamSeries = Schemas['StreamSeries']
export type StreamFairness = Schemas['StreamFairness']
export type Verification = Schemas['Verification']
export type Webhook = Schemas['Webhook']
export type WebhookDelivery = Schemas['WebhookDelivery']
/** What a door needs to know of an event. */
export type DoorList = Schemas['DoorList']
export type CheckedTicket = Schemas['CheckedTicket']
