'use client'

import { CalendarSync } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { Button } from '@/components/ui/button'
import type { Kind } from '../api'
import { strings } from '../strings'

// Fetched when it is opened.
const CalendarDialog = dynamic(() => import('./calendar-dialog').then((file) => file.CalendarDialog))

export function SubscribeButton({ kind }: { kind: Kind }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button variant="outline" className="whitespace-normal" onClick={() => setOpen(true)}>
        <CalendarSync aria-hidden />
        {strings.subscribe[kind]}
      </Button>
      {isOpen && <CalendarDialog kind={kind} onClose={() => setOpen(false)} />}
    </>
  )
}
