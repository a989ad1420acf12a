import { useQuery } from '@tanstack/react-query'
import { api, read } from '@/lib/api/client'
import { StreamSeries as seriesSchema } from '@/lib/api/schemas-audit'
import type { StreamSeries } from '@/lib/api/types'

const SPANS = 200
const RUSH_SECONDS = 60

interface Second {
  /** Milliseconds since 1970. */
  at: number
  bookings: number
}

export interface Series {
  /** The whole time range of the stream. */
  all: StreamSeries
  /** The seconds around the one with the most bookings; empty when there are no bookings. */
  rush: Second[]
}

/**
 * The number of records of a stream over time. `newest` is its newest version, part of the key: new
 * records make a new series.
 */
export function useSeries(id: string, newest: number) {
  return useQuery({
    queryKey: ['audit', 'stream', id, 'series', newest],
    queryFn: ({ signal }) => fetchSeries(id, signal),
    staleTime: Infinity,
    placeholderData: (previous) => (previous?.all.streamId === id ? previous : undefined),
  })
}

/**
 * A stream may span months and its busiest time seconds. So the busiest span is divided again until
 * spans are seconds: four requests are enough for a year.
 */
export async function fetchSeries(id: string, signal?: AbortSignal): Promise<Series> {
  const get = async (query: { from?: string; to?: string; spans: number }) => {
    const params = { path: { id }, query }
    return (await read(seriesSchema, api.GET('/audit/streams/{id}/series', { params, signal }))).data
  }
  const between = (from: number, to: number, spans: number) =>
    get({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), spans })

  const all = await get({ spans: SPANS })
  let series = all
  let busiest = series.spans[series.busiest]
  while (busiest && series.spanSeconds > 1) {
    const from = Date.parse(busiest.at)
    // The server's times are finer than milliseconds.
    series = await between(from, from + series.spanSeconds * 1_000 + 1, SPANS)
    busiest = series.spans[series.busiest]
  }
  if (!busiest) return { all, rush: [] }

  const from = Math.floor(Date.parse(busiest.at) / 1_000 - RUSH_SECONDS / 2) * 1_000
  const around = await between(from, from + RUSH_SECONDS * 1_000, RUSH_SECONDS)
  const rush = Array.from({ length: RUSH_SECONDS }, (_, i): Second => ({ at: from + i * 1_000, bookings: 0 }))
  for (const span of around.spans) {
    const second = rush[Math.round((Date.parse(span.at) - from) / 1_000)]
    if (second) second.bookings += span.bookings
  }
  return { all, rush }
}
