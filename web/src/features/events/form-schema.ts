import * as z from 'zod/mini'
import '@/lib/zod'
import { toMoment } from '@/lib/zoned-time'
import type { Details } from './api/change-event'

/** The form as people fill it in: all text, as inputs give it. */
export const eventFormSchema = z
  .object({
    title: z
      .string()
      .check(z.trim(), z.minLength(1, 'Enter a title.'), z.maxLength(200, 'Use at most 200 characters.')),
    description: z.string().check(z.trim(), z.maxLength(5_000, 'Use at most 5,000 characters.')),
    venue: z
      .string()
      .check(z.trim(), z.minLength(1, 'Enter a venue.'), z.maxLength(200, 'Use at most 200 characters.')),
    local: z.string().check(z.minLength(1, 'Enter a date and a time.')),
    timeZone: z.string().check(z.minLength(1, 'Choose a time zone.')),
    totalTickets: z.string().check(z.regex(/^\s*[1-9]\d{0,8}\s*$/, 'Enter a whole number, at least 1.')),
    price: z
      .string()
      .check(z.regex(/^\s*\d{1,9}([.]\d{1,3})?\s*$/, 'Enter an amount such as 25 or 49.99; 0 is free.')),
    currency: z.string().check(z.regex(/^[A-Z]{3}$/, 'Choose a currency.')),
  })
  .check(
    z.refine((v) => v.local === '' || toMoment(v.local, v.timeZone) !== undefined, {
      path: ['local'],
      error: 'Clocks in this time zone skip that time.',
    }),
  )

export type EventFormValues = z.infer<typeof eventFormSchema>

export function detailsOf(values: EventFormValues): Details {
  const { local, totalTickets, price, ...rest } = values
  return {
    ...rest,
    date: toMoment(local, values.timeZone) ?? '',
    totalTickets: Number(totalTickets),
    price: Number(price),
  }
}
