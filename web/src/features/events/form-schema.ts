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
import type { EventDetails as Details } from '@/lib/api/types'
import { toInstant } from '@/lib/local-time'
import { isKnownZone } from '@/lib/time-zone'

/** At most so many characters, as the server counts them: an emoji is one. */
const atMost = (most: number) =>
  check((text: string) => [...text].length <= most, `Use at most ${most.toLocaleString('en-US')} characters.`)

/** The values of the form as text, the way inputs hold them. */
export const eventFormSchema = pipe(
  object({
    title: pipe(string(), trim(), minLength(1, 'Enter a title.'), atMost(200)),
    description: pipe(string(), trim(), atMost(5_000)),
    venue: pipe(string(), trim(), minLength(1, 'Enter a venue.'), atMost(200)),
    local: pipe(string(), minLength(1, 'Enter a date and a time.')),
    timeZone: pipe(
      string(),
      minLength(1, 'Choose a time zone.'),
      check(isKnownZone, 'This browser does not know this time zone; use a newer one.'),
    ),
    totalTickets: pipe(string(), regex(/^\s*[1-9]\d{0,8}\s*$/, 'Enter a whole number, at least 1.')),
    price: pipe(
      string(),
      regex(/^\s*\d{1,9}([.]\d{1,3})?\s*$/, 'Enter an amount such as 25 or 49.99; 0 is free.'),
    ),
    currency: pipe(string(), regex(/^[A-Z]{3}$/, 'Choose a currency.')),
  }),
  forward(
    partialCheck(
      [['local'], ['timeZone']],
      ({ local, timeZone }) => toInstant(local, timeZone) !== undefined,
      'Clocks in this time zone skip that time.',
    ),
    ['local'],
  ),
)

export type EventFormValues = InferOutput<typeof eventFormSchema>

/** The fields whose values differ from those that the form began with. */
export type EditedFields = Partial<Record<keyof EventFormValues, boolean>>

export function detailsOf(values: EventFormValues): Details {
  const { local, totalTickets, price, ...rest } = values
  return {
    ...rest,
    date: toInstant(local, values.timeZone) ?? '',
    totalTickets: Number(totalTickets),
    price: Number(price),
  }
}

/** The details whose fields were edited: what the form can't show exactly, such as seconds, stays. */
export function changesOf(values: EventFormValues, edited: EditedFields): Partial<Details> {
  const { date, ...rest } = detailsOf(values)
  const changes = Object.fromEntries(
    Object.entries(rest).filter(([name]) => edited[name as keyof typeof rest]),
  )
  return edited.local || edited.timeZone ? { ...changes, date } : changes
}
