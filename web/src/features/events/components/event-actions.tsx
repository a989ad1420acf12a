'use client'

import { CalendarPlus, Share2 } from 'lucide-react'
import { Button } from '@/components/ui/button'
import type { Event } from '@/lib/api/types'
import { copyFrom } from '@/lib/copy'
import { saveFile } from '@/lib/save-file'
import { toast } from '@/lib/toast'
import { details as text } from '../details-strings'

/** What one can do with an event besides booking it. */
export function EventActions({ event }: { event: Event }) {
  return (
    <div className="flex flex-wrap gap-2.5">
      <Button variant="outline" onClick={() => void share(event)}>
        <Share2 aria-hidden />
        {text.share}
      </Button>
      {event.status !== 'CANCELLED' && (
        <Button variant="outline" onClick={() => void saveCalendar(event)}>
          <CalendarPlus aria-hidden />
          {text.calendar}
        </Button>
      )}
    </div>
  )
}

async function saveCalendar(event: Event) {
  const { calendarFile } = await import('@/lib/calendar-file')
  saveFile(calendarFile(event, { uid: event.id }))
}

/** Shares the page where the device can, and copies its link elsewhere. */
async function share({ title }: Event) {
  const url = location.origin + location.pathname
  try {
    if (navigator.share) return await navigator.share({ title, url })
    if (copy(url)) toast.success(text.copied)
    else toast.error(text.notCopied)
  } catch (error) {
    const isCancelled = error instanceof DOMException && error.name === 'AbortError'
    if (!isCancelled) throw error
  }
}

function copy(text: string): boolean {
  const input = document.body.appendChild(document.createElement('textarea'))
  input.value = text
  const isCopied = copyFrom(input)
  input.remove()
  return isCopied
}
