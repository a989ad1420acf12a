'use client'

import { Bar, BarChart, CartesianGrid, Legend, Tooltip, XAxis, YAxis } from 'recharts'
import { axis, Chart, frame, grid, Table, tooltip } from '@/components/chart'
import type { Sales } from '@/lib/api/types'
import { formatClock, formatDay, formatMinute, formatNumber } from '@/lib/format'
import { ticketsIn, type Minute } from '../api/get-sales'
import { sales as text } from '../strings'
import { amounts } from './revenue'

const HOUR = 3_600_000
const bar = { isAnimationActive: false, maxBarSize: 48 }

interface Bar {
  at: number
  sold: number
  returned: number
}

/** A bar for every interval from the first to the last, with those in which nothing was sold. */
export function barsOf({ interval, data }: Sales): Bar[] {
  const step = interval === 'day' ? 24 * HOUR : HOUR
  const bars: Bar[] = []
  for (const { at, sold, returned } of data) {
    const time = Date.parse(at)
    // Where clocks change, a day is an hour longer or shorter.
    for (let last = bars.at(-1); last && time - last.at > 1.5 * step; last = bars.at(-1))
      bars.push({ at: last.at + step, sold: 0, returned: 0 })
    bars.push({ at: time, sold: ticketsIn(sold), returned: ticketsIn(returned) })
  }
  return bars
}

/** The tickets sold and given back over time. */
export default function SalesChart({ sales }: { sales: Sales }) {
  const { interval, timeZone, data } = sales
  const named = (at: number | string) =>
    interval === 'day' ? formatDay(Number(at), timeZone) : formatMinute(Number(at), timeZone)
  const bars = barsOf(sales)
  const sold = bars.reduce((sum, bar) => sum + bar.sold, 0)
  return (
    <Chart
      label={text.label(sold, named(bars[0]!.at), named(bars.at(-1)!.at))}
      table={
        <Table
          caption={text.caption}
          head={Object.values(text.head)}
          rows={data.map((time) => [
            named(Date.parse(time.at)),
            formatNumber(time.bookings),
            formatNumber(ticketsIn(time.sold)),
            formatNumber(ticketsIn(time.returned)),
            amounts(time.sold),
          ])}
        />
      }
    >
      <BarChart data={bars} {...frame}>
        <CartesianGrid {...grid} />
        <XAxis dataKey="at" tickFormatter={named} minTickGap={40} {...axis} />
        <YAxis allowDecimals={false} width="auto" {...axis} />
        <Tooltip {...tooltip} labelFormatter={(at) => named(Number(at))} />
        <Legend iconSize={10} formatter={(name) => <span className="text-sm text-ink">{name}</span>} />
        <Bar name={text.sold} dataKey="sold" fill="var(--stamp)" {...bar} />
        <Bar name={text.returned} dataKey="returned" fill="var(--control)" {...bar} />
      </BarChart>
    </Chart>
  )
}

/** The bookings of each minute in the busiest hour. */
export function RushChart({ minutes, timeZone }: { minutes: readonly Minute[]; timeZone: string }) {
  const named = (at: number | string) => formatMinute(Number(at), timeZone)
  const most = minutes.reduce((most, minute) => (minute.bookings > most.bookings ? minute : most))
  return (
    <Chart
      label={text.rushLabel(named(most.at), most.bookings)}
      table={
        <Table
          caption={text.rushCaption}
          head={Object.values(text.rushHead)}
          rows={minutes
            .filter(({ bookings }) => bookings > 0)
            .map(({ at, bookings, tickets }) => [named(at), formatNumber(bookings), formatNumber(tickets)])}
        />
      }
    >
      <BarChart data={[...minutes]} {...frame}>
        <CartesianGrid {...grid} />
        <XAxis
          dataKey="at"
          tickFormatter={(at: number) => formatClock(at, timeZone)}
          minTickGap={40}
          {...axis}
        />
        <YAxis allowDecimals={false} width="auto" {...axis} />
        <Tooltip {...tooltip} labelFormatter={(at) => named(Number(at))} />
        <Bar name={text.bookings} dataKey="bookings" fill="var(--stamp)" {...bar} />
      </BarChart>
    </Chart>
  )
}
