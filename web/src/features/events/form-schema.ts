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

/** The values of the form as text, the way inputs hold them. */
export const eventFormSchema = pipe(
  object({
    title: pipe(string(), trim(), minLength(1, text.enterTitle), atMost(200)),
    description: pipe(string(), trim(), atMost(5_000)),
    category: string(),
    organizerName: pipe(string(), trim(), atMost(100)),
    image: string(),
    venue: pipe(string(), trim(), minLength(1, text.enterVenue), atMost(200)),
    local: pipe(string(), minLength(1, text.enterTime)),
    // Which of the two is meant, where a local time comes twice: "0" or "1".
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
  }),
  forward(
    partialCheck(
      [['local'], ['timeZone']],
      ({ local, timeZone }) => toInstants(local, timeZone).length > 0,
      text.skipped,
    ),
    ['local'],
  ),
  forward(
    partialCheck(
      [['price'], ['types']],
      ({ price, types }) => types.length > 0 || PRICE.test(price),
      text.enterPrice,
    ),
    ['price'],
  ),
  forward(
    partialCheck(
      [['endLocal'], ['timeZone']],
      ({ endLocal, timeZone }) => !endLocal || toInstants(endLocal, timeZone).length > 0,
      text.skipped,
    ),
    ['endLocal'],
  ),
  forward(
    partialCheck(
      [['opensLocal'], ['timeZone']],
      ({ opensLocal, timeZone }) => !opensLocal || toInstants(opensLocal, timeZone).length > 0,
      text.skipped,
    ),
    ['opensLocal'],
  ),
  forward(
    partialCheck(
      [['closesLocal'], ['timeZone']],
      ({ closesLocal, timeZone }) => !closesLocal || toInstants(closesLocal, timeZone).length > 0,
      text.skipped,
    ),
    ['closesLocal'],
  ),
  forward(
    partialCheck(
      [['local'], ['reading'], ['endLocal'], ['endReading'], ['timeZone']],
      ({ local, reading, endLocal, endReading, timeZone }) => {
        const start = instantOf(local, timeZone, reading)
        const end = instantOf(endLocal, timeZone, endReading)
        return !start || !end || start < end
      },
      text.endsFirst,
    ),
    ['endLocal'],
  ),
  forward(
    partialCheck(
      [['opensLocal'], ['opensReading'], ['closesLocal'], ['closesReading'], ['timeZone']],
      ({ opensLocal, opensReading, closesLocal, closesReading, timeZone }) => {
        const opens = instantOf(opensLocal, timeZone, opensReading)
        const closes = instantOf(closesLocal, timeZone, closesReading)
        return !opens || !closes || opens < closes
      },
      text.closesFirst,
    ),
    ['closesLocal'],
  ),
)

export type EventFormValues = InferOutput<typeof eventFormSchema>
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
  const {
    local,
    reading,
    endLocal,
    endReading,
    opensLocal,
    opensReading,
    closesLocal,
    closesReading,
    ...others
  } = values
  const { totalTickets, maxPerCustomer, price, types, ...rest } = others
  const at = (local: string, reading: string) => instantOf(local, values.timeZone, reading) ?? null
  return {
    ...rest,
    date: at(local, reading) ?? '',
    endsAt: at(endLocal, endReading),
    saleOpensAt: at(opensLocal, opensReading),
    saleClosesAt: at(closesLocal, closesReading),
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

const times = {
  date: 'local',
  endsAt: 'endLocal',
  saleOpensAt: 'opensLocal',
  saleClosesAt: 'closesLocal',
} as const
const readings = {
  local: 'reading',
  endLocal: 'endReading',
  opensLocal: 'opensReading',
  closesLocal: 'closesReading',
} as const

/** The details whose fields were edited: what the form can't show exactly, such as seconds, stays. */
export function changesOf(values: EventFormValues, edited: EditedFields): Partial<Details> {
  const isEdited = (name: keyof Details): boolean | undefined => {
    if (name === 'draft') return false
    if (name === 'ticketTypes') return edited.types
    if (!(name in times)) return edited[name as keyof EditedFields]
    const local = times[name as keyof typeof times]
    return edited[local] || edited[readings[local]] || (edited.timeZone && values[local] !== '')
  }
  return Object.fromEntries(
    Object.entries(detailsOf(values)).filter(([name]) => isEdited(name as keyof Details)),
  )
}
