import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { SalesList } from '@/lib/api/schemas-desk'
import type { Sales } from '@/lib/api/types'
import { deskKeys } from '@/lib/event-cache'
import { live, readAt } from '@/lib/live/live'

export type Interval = Exclude<Sales['interval'], 'minute'>

async function getSales(
  id: string,
  query: { interval: Sales['interval']; from?: string; to?: string },
  signal: AbortSignal,
): Promise<Sales> {
  const params = { path: { id }, query, header: readAt(live.changedAt) }
  return (await read(SalesList, api.GET('/desk/events/{id}/sales', { params, signal }))).data
}

export const useSales = (id: string, interval: Interval) =>
  useQuery({
    queryKey: [...deskKeys.sales(id), interval],
    queryFn: ({ signal }) => getSales(id, { interval }, signal),
    placeholderData: keepPreviousData,
  })

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/**
 * The minutes of an hour around the one with the most bookings. Sales can take months and the rush
 * minutes: the busiest day is looked at closer.
 */
export const useRush = (id: string) =>
  useQuery({
    queryKey: [...deskKeys.sales(id), 'rush'],
    queryFn: async ({ signal }) => {
      const day = busiest((await getSales(id, { interval: 'day' }, signal)).data)
      if (!day) return []
      const from = Date.parse(day.at)
      // A day on which clocks are set back has 25 hours, of which the last is left out.
      const to = new Date(from + 24 * HOUR).toISOString()
      const { data } = await getSales(id, { interval: 'minute', from: day.at, to }, signal)
      const most = busiest(data)
      return most ? hourAround(Date.parse(most.at), data) : []
    },
  })

export interface Minute {
  /** Milliseconds since 1970. */
  at: number
  bookings: number
  tickets: number
}

const busiest = (times: Sales['data']) =>
  times.reduce<Sales['data'][number] | undefined>(
    (most, time) => (time.bookings > (most?.bookings ?? 0) ? time : most),
    undefined,
  )

/** The hour around a minute, with the minutes in which nothing was sold. */
function hourAround(at: number, times: Sales['data']): Minute[] {
  const byTime = new Map(times.map((time) => [Date.parse(time.at), time]))
  return Array.from({ length: 60 }, (_, i) => {
    const minute = at + (i - 30) * MINUTE
    const time = byTime.get(minute)
    return { at: minute, bookings: time?.bookings ?? 0, tickets: ticketsIn(time?.sold ?? []) }
  })
}

export const ticketsIn = (rows: Sales['data'][number]['sold']): number =>
  rows.reduce((sum, { tickets }) => sum + tickets, 0)
