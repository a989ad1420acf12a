'use client'

import { useMutation } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import { requestFile } from '@/lib/api/client'
import { messageOf } from '@/lib/form-errors'
import { saveFile } from '@/lib/save-file'
import { strings } from '@/lib/strings'
import { toast } from '@/lib/toast'
import { csv } from '../guests-strings'

const TIMEOUT = 30 * 60_000 // milliseconds
const LINE_END = 10

/** Downloads a list of tickets, and shows how far that is. */
export function ExportAttendees({ path }: { path: string }) {
  const [progress, setProgress] = useState({ rows: 0, total: 0 })
  const download = useMutation({
    mutationFn: async () => {
      let rows = -1 // the first line says what the columns are
      setProgress({ rows: 0, total: 0 })
      const file = await requestFile(path, TIMEOUT, (part, headers) => {
        for (const byte of part) if (byte === LINE_END) rows++
        setProgress({ rows: Math.max(0, rows), total: Number(headers.get('Total-Rows')) })
      })
      saveFile(file)
      return file.name
    },
    onSuccess: (name) => toast.success(strings.download.done, { description: name }),
    onError: (error) => toast.error(strings.download.failed, { description: messageOf(error) }),
  })
  const { rows, total } = progress
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Button variant="outline" disabled={download.isPending} onClick={() => download.mutate()}>
        {download.isPending ? <Spinner /> : <Download aria-hidden />}
        <span>{csv.action}</span>
      </Button>
      {download.isPending && total > 0 && (
        <span className="flex items-center gap-2 text-sm text-soft">
          <progress aria-label={csv.label} className="w-28 accent-stamp" max={total} value={rows} />
          {csv.rows(rows, total)}
        </span>
      )}
    </div>
  )
}
