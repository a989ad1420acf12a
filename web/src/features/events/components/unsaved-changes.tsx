'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { AlertDialog } from '@/components/ui/alert-dialog'
import { unsaved as text } from '../form-strings'

/**
 * Asks before a form with unsaved changes is left: by a link, by closing or reloading the page and,
 * where the browser allows it, by the back button.
 */
export function UnsavedChanges({ isDirty }: { isDirty: boolean }) {
  const { push } = useRouter()
  const [leave, setLeave] = useState<() => void>()
  const [isLeaving, setIsLeaving] = useState(false)
  const isGuarded = isDirty && !isLeaving

  useEffect(() => {
    if (!isGuarded) return
    const removal = new AbortController()
    const { signal } = removal
    const ask = (e: Event, leave: () => void) => {
      e.preventDefault()
      e.stopPropagation()
      setLeave(() => leave)
    }
    addEventListener(
      'beforeunload',
      (e) => {
        e.preventDefault()
        e.returnValue = true // Chrome before 119, Safari
      },
      { signal },
    )
    addEventListener(
      'click',
      (e) => {
        const link = (e.target as Element).closest('a')
        if (!link || link.target || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
        if (link.pathname !== location.pathname) ask(e, () => push(link.pathname + link.search))
      },
      { capture: true, signal }, // before Next's links
    )
    // The Navigation API, where the browser has it.
    const { navigation } = window as { navigation?: EventTarget }
    navigation?.addEventListener(
      'navigate',
      (e) => {
        const isTraversal = 'navigationType' in e && e.navigationType === 'traverse'
        if (isTraversal && e.cancelable) ask(e, () => history.back())
      },
      { signal },
    )
    return () => removal.abort()
  }, [isGuarded, push])

  useEffect(() => {
    if (isLeaving) leave?.()
  }, [isLeaving, leave])

  if (!isGuarded || !leave) return null
  return (
    <AlertDialog
      onClose={() => setLeave(undefined)}
      title={text.title}
      keep={text.stay}
      confirm={text.leave}
      pending={false}
      pendingText=""
      onConfirm={() => setIsLeaving(true)}
    >
      {text.text}
    </AlertDialog>
  )
}
