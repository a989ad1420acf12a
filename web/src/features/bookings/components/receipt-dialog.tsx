'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { TicketLines } from '@/components/ticket-lines'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { Spinner } from '@/components/ui/spinner'
import { codeOf } from '@/lib/api/error'
import type { BookingWithEvent } from '@/lib/api/types'
import { useDownload } from '@/lib/download'
import { messageOf } from '@/lib/form-errors'
import { strings } from '../wallet-strings'

/** Explains the receipt and offers it for download. */
export function ReceiptDialog({ booking, onClose }: { booking: BookingWithEvent; onClose: () => void }) {
  const [problem, setProblem] = useState<string>()
  const download = useDownload((error) =>
    setProblem(codeOf(error) === 'not_signed_yet' ? strings.receipt.notYet : messageOf(error)),
  )
  const isCancelled = booking.status === 'CANCELLED'
  return (
    <Dialog
      onClose={onClose}
      title={strings.receipt.title}
      description={strings.receipt.of(booking.event.title, isCancelled)}
    >
      <div className="mt-4 grid gap-4">
        <TicketLines lines={booking.lines} currency={booking.currency} event={booking.event} />
        <p>{strings.receipt.what(isCancelled)}</p>
        <p className="text-sm text-soft">
          {strings.receipt.whoCanCheck}{' '}
          <code className="text-[0.8125rem] wrap-anywhere text-ink">boxoffice audit verify-proof FILE</code>
        </p>
        {problem && <Alert>{problem}</Alert>}
        <Button
          disabled={download.isPending}
          onClick={() => {
            setProblem(undefined)
            download.mutate(`/bookings/${booking.id}/receipt`)
          }}
        >
          {download.isPending ? <Spinner /> : <Download aria-hidden />}
          <span>{download.isPending ? strings.receipt.pending : strings.receipt.download}</span>
        </Button>
      </div>
    </Dialog>
  )
}
