'use client'

import { Download } from 'lucide-react'
import { Button } from '@/components/ui/button'
import { Spinner } from '@/components/ui/spinner'
import { useDownload } from '@/lib/download'
import { texts } from '../strings'

const formats = { jsonl: 'JSON Lines', cloudevents: 'CloudEvents' }

/** Downloads the records of a stream or, without one, of the whole log. */
export function ExportButton({ format, streamId }: { format: keyof typeof formats; streamId?: string }) {
  const download = useDownload()
  const path = `/audit/export?format=${format}${streamId ? `&stream=${streamId}` : ''}`
  return (
    <Button variant="outline" disabled={download.isPending} onClick={() => download.mutate(path)}>
      {download.isPending ? <Spinner /> : <Download aria-hidden />}
      <span>{texts.export.as(formats[format])}</span>
    </Button>
  )
}
