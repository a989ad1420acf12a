import {
  array,
  check,
  forward,
  maxLength,
  minLength,
  object,
  partialCheck,
  pipe,
  regex,
  string,
  trim,
  type InferOutput,
} from 'valibot'
import type { Event, EventDetails as Details, TicketType } from '@/lib/api/types'
import { toInstants, toLocal } from '@/lib/local-time'
import { isKnownZone, viewerZone } from '@/lib/time-zone'
import { form as text } from './form-strings'

/** At most so many characters, as the server counts them: an emoji is one. */
const atMost = (most: number) => check((value: string) => [...value].length <= most, text.atMost(most))

/** The UTC time of a local time; undefined for one that is skipped in spring. */
function instantOf(local: string, timeZone: string, reading: string): string | undefined {
  const instants = toInstants(local, timeZone)
  return instants[Number(reading)] ?? instants[0]
}

export const MOST_TYPES = 20
const PRICE = /^\s*\d{1,9}([.]\d{1,3})?\s*$/
const TICKETS = /^\s*[1-9]\d{0,8}\s*$/

/** A ticket type. The id is empty for a new one, the capacity where the event's is the limit. */
const ticketType = object({
  id: string(),
  name: pipe(string(), trim(), minLength(1, text.enterTypeName), atMost(100)),
  price: pipe(string(), regex(PRICE, text.enterPrice)),
  capacity: pipe(
    string(),
    check((value) => !value.trim() || TICKETS.test(value), text.enterTickets),
  ),
})

/** The fields of each time: what is typed, and which of the two is meant where a local time comes twice: "0" or "1". */
export const times = {
  date: ['local', 'reading'],
  endsAt: ['endLocal', 'endReading'],
  saleOpensAt: ['opensLocal', 'opensReading'],
  saleClosesAt: ['closesLocal', 'closesReading'],
} as const
type Time = keyof typeof times

const fields = object({
  title: pipe(string(), trim(), minLength(1, text.enterTitle), atMost(200)),
  description: pipe(string(), trim(), atMost(5_000)),
  category: string(),
  organizerName: pipe(string(), trim(), atMost(100)),
  image: string(),
  venue: pipe(string(), trim(), minLength(1, text.enterVenue), atMost(200)),
  local: pipe(string(), minLength(1, text.enterTime)),
  reading: string(),
  endLocal: string(),
  endReading: string(),
  timeZone: pipe(string(), minLength(1, text.chooseZone), check(isKnownZone, text.unknownZone)),
  totalTickets: pipe(string(), regex(TICKETS, text.enterTickets)),
  price: string(),
  // Empty while all tickets are the same and have one price.
  types: pipe(array(ticketType), maxLength(MOST_TYPES)),
  maxPerCustomer: pipe(string(), regex(/^\s*([1-9]\d?|100)\s*$/, text.enterLimit)),
  opensLocal: string(),
  opensReading: string(),
  closesLocal: string(),
  closesReading: string(),
  currency: pipe(string(), regex(/^[A-Z]{3}$/, text.chooseCurrency)),
})
export type EventFormValues = InferOutput<typeof fields>

type Entered = Partial<Pick<EventFormValues, (typeof times)[Time][number] | 'timeZone'>>

function instantIn(values: Entered, time: Time): string | undefined {
  const [local, reading] = times[time]
  return instantOf(values[local] ?? '', values.timeZone ?? '', values[reading] ?? '')
}

/** A time that was entered exists in its zone. */
const exists = (time: Time) => (values: Entered) => !values[times[time][0]] || !!instantIn(values, time)

/** Of two times that were entered, the second is later. */
const inOrder = (first: Time, second: Time) => (values: Entered) => {
  const [from, to] = [instantIn(values, first), instantIn(values, second)]
  return !from || !to || from < to
}

/** The values of the form as text, the way inputs hold them. */
export const eventFormSchema = pipe(
  fields,
  forward(
    partialCheck(
      [['price'], ['types']],
      ({ price, types }) => types.length > 0 || PRICE.test(price),
      text.enterPrice,
    ),
    ['price'],
  ),
  forward(partialCheck([['local'], ['timeZone']], exists('date'), text.skipped), ['local']),
  forward(partialCheck([['endLocal'], ['timeZone']], exists('endsAt'), text.skipped), ['endLocal']),
  forward(partialCheck([['opensLocal'], ['timeZone']], exists('saleOpensAt'), text.skipped), ['opensLocal']),
  forward(partialCheck([['closesLocal'], ['timeZone']], exists('saleClosesAt'), text.skipped), [
    'closesLocal',
  ]),
  forward(
    partialCheck(
      [['local'], ['reading'], ['endLocal'], ['endReading'], ['timeZone']],
      inOrder('date', 'endsAt'),
      text.endsFirst,
    ),
    ['endLocal'],
  ),
  forward(
    partialCheck(
      [['opensLocal'], ['opensReading'], ['closesLocal'], ['closesReading'], ['timeZone']],
      inOrder('saleOpensAt', 'saleClosesAt'),
      text.closesFirst,
    ),
    ['closesLocal'],
  ),
)

/** A field with one value. */
export type FieldName = Exclude<keyof EventFormValues, 'types'>
export type TypeValues = EventFormValues['types'][number]

/** The fields whose values differ from those that the form began with. */
export type EditedFields = Partial<Record<keyof EventFormValues, boolean>>

export function valuesOf(event: Event | undefined): EventFormValues {
  const timeZone = event?.timeZone ?? viewerZone()
  const [local, reading] = localOf(event?.date, timeZone)
  const [endLocal, endReading] = localOf(event?.endsAt, timeZone)
  const [opensLocal, opensReading] = localOf(event?.saleOpensAt, timeZone)
  const [closesLocal, closesReading] = localOf(event?.saleClosesAt, timeZone)
  return {
    title: event?.title ?? '',
    description: event?.description ?? '',
    category: event?.category ?? '',
    organizerName: event?.organizerName ?? '',
    image: imageId(event?.image) ?? '',
    venue: event?.venue ?? '',
    local,
    reading,
    endLocal,
    endReading,
    timeZone,
    totalTickets: event ? String(event.totalTickets) : '',
    price: event ? String(event.price) : '',
    types: event && !hasOnePrice(event) ? event.ticketTypes.map(typeValuesOf) : [],
    maxPerCustomer: String(event?.maxPerCustomer ?? 1),
    opensLocal,
    opensReading,
    closesLocal,
    closesReading,
    currency: event?.currency ?? 'USD',
  }
}

/** The values of an event that is to be like another one, at another time. */
export function copyOf(event: Event): EventFormValues {
  const { types, ...values } = valuesOf({
    ...event,
    date: '',
    endsAt: null,
    saleOpensAt: undefined,
    saleClosesAt: undefined,
  })
  return { ...values, types: types.map((type) => ({ ...type, id: '' })) }
}

/** The name that the server gives the one ticket type of an event with a single price. */
const ONE_TYPE = 'General admission'

const hasOnePrice = ({ ticketTypes: [first, ...others] }: Event): boolean =>
  others.length === 0 && (!first || (first.name === ONE_TYPE && !first.capacity))

const typeValuesOf = ({ id, name, price, capacity }: TicketType): TypeValues => ({
  id: String(id),
  name,
  price: String(price),
  capacity: capacity ? String(capacity) : '',
})

export const newType = (): TypeValues => ({ id: '', name: '', price: '', capacity: '' })

/** The ticket types to begin with where there was one price so far. */
export const firstTypes = (event: Event | undefined, price: string): TypeValues[] => [
  { id: String(event?.ticketTypes[0]?.id ?? ''), name: ONE_TYPE, price, capacity: '' },
  newType(),
]

/** The id of an image, as it is named in its URL. */
export const imageId = (image: Event['image'] | undefined) => image?.url.split('/').pop()

function localOf(instant: string | null | undefined, timeZone: string): [string, string] {
  if (!instant) return ['', '0']
  const local = toLocal(instant, timeZone)
  // The form shows minutes: an instant belongs to the last reading that is not after it.
  const reading = toInstants(local, timeZone).findLastIndex((at) => Date.parse(at) <= Date.parse(instant))
  return [local, String(Math.max(0, reading))]
}

export function detailsOf(values: EventFormValues): Details {
  const { title, description, category, organizerName, image, venue, timeZone, currency } = values
  const { totalTickets, maxPerCustomer, price, types } = values
  return {
    ...{ title, description, category, organizerName, image, venue, timeZone, currency },
    date: instantIn(values, 'date') ?? '',
    endsAt: instantIn(values, 'endsAt') ?? null,
    saleOpensAt: instantIn(values, 'saleOpensAt') ?? null,
    saleClosesAt: instantIn(values, 'saleClosesAt') ?? null,
    totalTickets: Number(totalTickets),
    maxPerCustomer: Number(maxPerCustomer),
    ...(types.length > 0 ? { ticketTypes: types.map(typeOf) } : { price: Number(price) }),
  }
}

const typeOf = ({ id, name, price, capacity }: TypeValues) => ({
  ...(id && { id: Number(id) }),
  name,
  price: Number(price),
  ...(capacity.trim() && { capacity: Number(capacity) }),
})

/** The details whose fields were edited: what the form can't show exactly, such as seconds, stays. */
export function changesOf(values: EventFormValues, edited: EditedFields): Partial<Details> {
  const isEdited = (name: keyof Details): boolean | undefined => {
    if (name === 'draft') return false
    if (name === 'ticketTypes') return edited.types
    if (!(name in times)) return edited[name as keyof EditedFields]
    const [local, reading] = times[name as Time]
    return edited[local] || edited[reading] || (edited.timeZone && values[local] !== '')
  }
  return Object.fromEntries(
    Object.entries(detailsOf(values)).filter(([name]) => isEdited(name as keyof Details)),
  )
}
