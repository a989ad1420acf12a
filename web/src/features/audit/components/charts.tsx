'use client'

import { Bar, BarChart, CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts'
import { axis, Chart, frame, grid, Table, tooltip } from '@/components/chart'
import { Panel } from '@/components/panel'
import { formatDay, formatInstant, formatNumber, formatSecond } from '@/lib/format'
import type { Series } from '../api/get-series'
import { texts } from '../strings'

const words = texts.charts

/** Charts of a stream over time. `at` marks the time of the selected version. */
export default function Charts({ series: { all, rush }, at }: { series: Series; at?: string }) {
  const points = all.spans.map((span) => ({ ...span, time: Date.parse(span.at) }))
  const most = Math.max(0, ...rush.map((second) => second.bookings))
  const last = points.at(-1)
  return (
    <>
      <Panel title={words.remaining}>
        <Chart
          label={last ? words.remainingLabel(points[0]!.remaining, last.remaining) : words.remaining}
          table={
            <Table
              caption={words.remaining}
              head={[words.head.time, words.head.entry, words.head.left]}
              rows={points.map((p) => [
                formatInstant(p.time),
                formatNumber(p.version),
                formatNumber(p.remaining),
              ])}
            />
          }
        >
          <LineChart data={points} {...frame}>
            <CartesianGrid {...grid} />
            <XAxis
              dataKey="time"
              type="number"
              scale="time"
              domain={['dataMin', 'dataMax']}
              tickFormatter={shortTime(points[0]?.time ?? 0, last?.time ?? 0)}
              {...axis}
              minTickGap={40}
            />
            <YAxis allowDecimals={false} {...axis} width="auto" domain={[0, 'auto']} />
            <Tooltip {...tooltip} labelFormatter={(time) => formatInstant(Number(time))} />
            {at && <ReferenceLine x={Date.parse(at)} stroke="var(--control)" strokeDasharray="4 4" />}
            <Line
              name={words.line}
              dataKey="remaining"
              type="stepAfter"
              stroke="var(--stamp)"
              strokeWidth={2}
              dot={points.length < 2}
              isAnimationActive={false}
            />
          </LineChart>
        </Chart>
      </Panel>
      <Panel title={words.rush}>
        {rush.length === 0 ? (
          <p className="text-soft">{words.none}</p>
        ) : (
          <Chart
            label={words.rushLabel(formatSecond(rush[0]!.at), most)}
            table={
              <Table
                caption={words.rushCaption}
                head={[words.head.second, words.head.bookings]}
                rows={rush
                  .filter((second) => second.bookings > 0)
                  .map((second) => [formatInstant(second.at), formatNumber(second.bookings)])}
              />
            }
          >
            <BarChart data={rush} {...frame}>
              <CartesianGrid {...grid} />
              <XAxis dataKey="at" tickFormatter={formatSecond} {...axis} minTickGap={40} />
              <YAxis allowDecimals={false} {...axis} width="auto" />
              <Tooltip {...tooltip} labelFormatter={(time) => formatInstant(Number(time))} />
              <Bar name={words.bar} dataKey="bookings" fill="var(--stamp)" isAnimationActive={false} />
            </BarChart>
          </Chart>
        )}
      </Panel>
    </>
  )
}

const DAY = 86_400_000

/** The labels of the axis: days for a long range, seconds for a short one. */
function shortTime(from: number, to: number): (time: number) => string {
  return to - from > 2 * DAY ? formatDay : formatSecond
}
