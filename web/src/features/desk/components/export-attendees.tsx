'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import { useDownload } from '@/lib/download'
import { csv } from '../guests-strings'

const LINE_END = 10
const begin = { lines: 0, total: 0 }

/** Downloads a list of tickets, and shows how far that is. */
export function ExportAttendees({ path }: { path: string }) {
  const [semicolons, setSemicolons] = useState(false)
  const [{ lines, total }, setProgress] = useState(begin)
  const download = useDownload(undefined, (part, headers) => {
    const ended = part.reduce((sum, byte) => sum + Number(byte === LINE_END), 0)
    setProgress(({ lines }) => ({ lines: lines + ended, total: Number(headers.get('Total-Rows')) }))
  })
  const rows = Math.max(0, lines - 1) // the first line says what the columns are
  const file = semicolons ? `${path}&separator=semicolon` : path
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Button
        variant="outline"
        disabled={download.isPending}
        onClick={() => (setProgress(begin), download.mutate(file))}
      >
        {download.isPending ? <Spinner /> : <Download aria-hidden />}
        <span>{csv.action}</span>
      </Button>
      <label className="flex min-h-11 items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-5 shrink-0 accent-stamp"
          checked={semicolons}
          onChange={(event) => setSemicolons(event.target.checked)}
        />
        {csv.semicolons}
      </label>
      {download.isPending && total > 0 && (
        <span className="flex items-center gap-2 text-sm text-soft">
          <progress aria-label={csv.label} className="w-28 accent-stamp" max={total} value={rows} />
          {csv.rows(rows, total)}
        </span>
      )}
    </div>
  )
}
