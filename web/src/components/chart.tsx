import type { ReactNode } from 'react'
import { strings } from '@/lib/strings'
import { Disclosure } from './ui/disclosure'

// The parts of recharts that all charts have in common.
export const axis = { tick: { fill: 'var(--ink-soft)', fontSize: 12 }, stroke: 'var(--control)' }
export const grid = { stroke: 'var(--line)', vertical: false }
export const tooltip = {
  isAnimationActive: false,
  contentStyle: { background: 'var(--card)', border: '1px solid var(--line)', borderRadius: 6 },
  labelStyle: { color: 'var(--ink-soft)', fontSize: 13 },
  itemStyle: { color: 'var(--ink)' },
  cursor: { stroke: 'var(--control)', fill: 'var(--off-wash)' },
}
export const frame = {
  style: { width: '100%', height: 240 },
  responsive: true,
  accessibilityLayer: false,
  margin: { top: 8, right: 12, bottom: 0, left: 0 },
}

/** A chart, and the same data as a table for screen readers. */
export function Chart({ label, table, children }: { label: string; table: ReactNode; children: ReactNode }) {
  return (
    <div className="grid grid-cols-1 gap-3">
      <div role="img" aria-label={label} className="min-w-0 overflow-x-clip">
        {children}
      </div>
      <Disclosure summary={strings.asTable}>{table}</Disclosure>
    </div>
  )
}

export function Table({ caption, head, rows }: { caption: string; head: string[]; rows: string[][] }) {
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
