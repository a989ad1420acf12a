'use client'

import type { ReactNode } from 'react'
import { Bar, BarChart, CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts'
import { Panel } from '@/components/panel'
import { Disclosure } from '@/components/ui/disclosure'
import { formatDay, formatInstant, formatNumber, formatSecond } from '@/lib/format'
import type { Series } from '../api/get-series'
import { texts } from '../strings'

const words = texts.charts

const tick = { fill: 'var(--ink-soft)', fontSize: 12 }
const tooltip = {
  isAnimationActive: false,
  contentStyle: { background: 'var(--card)', border: '1px solid var(--line)', borderRadius: 6 },
  labelStyle: { color: 'var(--ink-soft)', fontSize: 13 },
  itemStyle: { color: 'var(--ink)' },
  cursor: { stroke: 'var(--control)', fill: 'var(--off-wash)' },
}
const frame = {
  responsive: true,
  accessibilityLayer: false,
  margin: { top: 8, right: 12, bottom: 0, left: 0 },
}
const size = { width: '100%', height: 240 }

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
          <LineChart data={points} {...frame} style={size}>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis
              dataKey="time"
              type="number"
              scale="time"
              domain={['dataMin', 'dataMax']}
              tickFormatter={shortTime(points[0]?.time ?? 0, last?.time ?? 0)}
              tick={tick}
              stroke="var(--control)"
              minTickGap={40}
            />
            <YAxis
              allowDecimals={false}
              tick={tick}
              stroke="var(--control)"
              width="auto"
              domain={[0, 'auto']}
            />
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
            <BarChart data={rush} {...frame} style={size}>
              <CartesianGrid stroke="var(--line)" vertical={false} />
              <XAxis
                dataKey="at"
                tickFormatter={formatSecond}
                tick={tick}
                stroke="var(--control)"
                minTickGap={40}
              />
              <YAxis allowDecimals={false} tick={tick} stroke="var(--control)" width="auto" />
              <Tooltip {...tooltip} labelFormatter={(time) => formatInstant(Number(time))} />
              <Bar name={words.bar} dataKey="bookings" fill="var(--stamp)" isAnimationActive={false} />
            </BarChart>
          </Chart>
        )}
      </Panel>
    </>
  )
}

/** A chart, and the same data as a table for screen readers. */
function Chart({ label, table, children }: { label: string; table: ReactNode; children: ReactNode }) {
  return (
    <div className="grid grid-cols-1 gap-3">
      <div role="img" aria-label={label} className="min-w-0 overflow-x-clip">
        {children}
      </div>
      <Disclosure summary={words.asTable}>{table}</Disclosure>
    </div>
  )
}

function Table({ caption, head, rows }: { caption: string; head: string[]; rows: string[][] }) {
  return (
    <div role="group" aria-label={caption} tabIndex={0} className="max-h-80 overflow-auto">
      <table className="w-full text-left text-sm">
        <caption className="sr-only">{caption}</caption>
        <thead className="sticky top-0 bg-card">
          <tr>
            {head.map((name) => (
              <th key={name} scope="col" className="px-2 py-2 font-semibold sm:px-3.5">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i} className="border-t">
              {row.map((cell, column) => (
                <td key={head[column]} className="px-2 py-1.5 sm:px-3.5">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const DAY = 86_400_000

/** The labels of the axis: days for a long range, seconds for a short one. */
function shortTime(from: number, to: number): (time: number) => string {
  return to - from > 2 * DAY ? formatDay : formatSecond
}
