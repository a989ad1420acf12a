import { maxLength, minLength, object, refine, regex, string, trim, type infer as Infer } from 'zod/mini'
import { isKnownZone, toInstant } from '@/lib/zoned-time'
import type { EventDetails as Details } from '@/lib/api/types'

/** The values of the form as text, the way inputs hold them. */
export const eventFormSchema = object({
  title: string().check(
    trim(),
    minLength(1, 'Enter a title.'),
    maxLength(200, 'Use at most 200 characters.'),
  ),
  description: string().check(trim(), maxLength(5_000, 'Use at most 5,000 characters.')),
  venue: string().check(
    trim(),
    minLength(1, 'Enter a venue.'),
    maxLength(200, 'Use at most 200 characters.'),
  ),
  local: string().check(minLength(1, 'Enter a date and a time.')),
  timeZone: string().check(
    minLength(1, 'Choose a time zone.'),
    refine(isKnownZone, 'This browser does not know this time zone; use a newer one.'),
  ),
  totalTickets: string().check(regex(/^\s*[1-9]\d{0,8}\s*$/, 'Enter a whole number, at least 1.')),
  price: string().check(
    regex(/^\s*\d{1,9}([.]\d{1,3})?\s*$/, 'Enter an amount such as 25 or 49.99; 0 is free.'),
  ),
  currency: string().check(regex(/^[A-Z]{3}$/, 'Choose a currency.')),
}).check(
  refine((v) => v.local === '' || toInstant(v.local, v.timeZone) !== undefined, {
    path: ['local'],
    error: 'Clocks in this time zone skip that time.',
  }),
)

export type EventFormValues = Infer<typeof eventFormSchema>

export function detailsOf(values: EventFormValues): Details {
  const { local, totalTickets, price, ...rest } = values
  return {
    ...rest,
    date: toInstant(local, values.timeZone) ?? '',
    totalTickets: Number(totalTickets),
    price: Number(price),
  }
}
