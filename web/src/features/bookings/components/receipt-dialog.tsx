'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { Alert } from '@/components/ui/alert'
import { Button } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { Spinner } from '@/components/ui/spinner'
import { codeOf } from '@/lib/api/error'
import type { BookingWithEvent } from '@/lib/api/types'
import { useDownload } from '@/lib/download'
import { messageOf } from '@/lib/form-errors'

/** Explains the receipt and offers it for download. */
export function ReceiptDialog({ booking, onClose }: { booking: BookingWithEvent; onClose: () => void }) {
  const [problem, setProblem] = useState<string>()
  const download = useDownload((error) =>
    setProblem(
      codeOf(error) === 'not_signed_yet'
        ? 'There is no receipt yet: what it would prove has not been signed. Please try again in a minute.'
        : messageOf(error),
    ),
  )
  const isCancelled = booking.status === 'CANCELLED'
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Receipt"
      description={`For your ${isCancelled ? 'cancelled booking' : 'booking'} for ${booking.event.title}`}
    >
      <div className="mt-4 grid gap-4">
        <p>
          A receipt is a small file that proves that your {isCancelled ? 'cancellation' : 'booking'} was
          recorded: its place in the log of all bookings, and a signature over that log. If somebody removed
          or changed the record later, your receipt would show it.
        </p>
        <p className="text-sm text-soft">
          It says nothing about other people. Whoever has the public key of the box office can check it,
          without asking us:{' '}
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
          <span>{download.isPending ? 'Fetching…' : 'Download receipt'}</span>
        </Button>
      </div>
    </Dialog>
  )
}
