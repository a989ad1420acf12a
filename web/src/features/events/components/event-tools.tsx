'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Pencil, XCircle } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useState } from 'react'
import { Button, buttonVariants } from '@/components/ui/button'
import type { Event } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { tools as text } from '../strings'

const CancelEventDialog = dynamic(() =>
  import('./cancel-event-dialog').then((file) => file.CancelEventDialog),
)

/** The actions of an organizer on an event. */
export function EventTools({ event }: { event: Event }) {
  const client = useQueryClient()
  const [cancelling, setCancelling] = useState(false)
  if (event.status === 'CANCELLED') return null
  return (
    <div className="grid gap-2.5 border-t pt-5">
      <h2 className="type-label text-soft">{text.title}</h2>
      <Link
        className={buttonVariants({ variant: 'outline' })}
        href={paths.editEvent(event.id)}
        prefetch={false}
      >
        <Pencil aria-hidden />
        {text.edit}
      </Link>
      <Button variant="quietDanger" onClick={() => setCancelling(true)}>
        <XCircle aria-hidden />
        {text.cancel}
      </Button>
      {cancelling && (
        <CancelEventDialog
          event={event}
          onClose={() => setCancelling(false)}
          onCancelled={() => void client.invalidateQueries()}
        />
      )}
    </div>
  )
}
