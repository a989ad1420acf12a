import {
  check,
  forward,
  minLength,
  object,
  partialCheck,
  pipe,
  regex,
  string,
  trim,
  type InferOutput,
} from 'valibot'
import type { Event, EventDetails as Details } from '@/lib/api/types'
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
    totalTickets: pipe(string(), regex(/^\s*[1-9]\d{0,8}\s*$/, text.enterTickets)),
    price: pipe(string(), regex(/^\s*\d{1,9}([.]\d{1,3})?\s*$/, text.enterPrice)),
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
      [['endLocal'], ['timeZone']],
      ({ endLocal, timeZone }) => !endLocal || toInstants(endLocal, timeZone).length > 0,
      text.skipped,
    ),
    ['endLocal'],
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
)

export type EventFormValues = InferOutput<typeof eventFormSchema>

/** The fields whose values differ from those that the form began with. */
export type EditedFields = Partial<Record<keyof EventFormValues, boolean>>

export function valuesOf(event: Event | undefined): EventFormValues {
  const timeZone = event?.timeZone ?? viewerZone()
  const [local, reading] = localOf(event?.date, timeZone)
  const [endLocal, endReading] = localOf(event?.endsAt, timeZone)
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
    currency: event?.currency ?? 'USD',
  }
}

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
  const { local, reading, endLocal, endReading, totalTickets, price, ...rest } = values
  return {
    ...rest,
    date: instantOf(local, values.timeZone, reading) ?? '',
    endsAt: instantOf(endLocal, values.timeZone, endReading) ?? null,
    totalTickets: Number(totalTickets),
    price: Number(price),
  }
}

/** The details whose fields were edited: what the form can't show exactly, such as seconds, stays. */
export function changesOf(values: EventFormValues, edited: EditedFields): Partial<Details> {
  const { date, endsAt, ...rest } = detailsOf(values)
  const changes: Partial<Details> = Object.fromEntries(
    Object.entries(rest).filter(([name]) => edited[name as keyof typeof rest]),
  )
  if (edited.local || edited.reading || edited.timeZone) changes.date = date
  if (edited.endLocal || edited.endReading || (edited.timeZone && values.endLocal)) changes.endsAt = endsAt
  return changes
}
