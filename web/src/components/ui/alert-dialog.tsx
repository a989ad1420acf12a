'use client'

import * as Primitive from '@radix-ui/react-alert-dialog'
import type { ReactNode } from 'react'
import { Button } from './button'
import { useReturnFocus } from './return-focus'
import { Spinner } from './spinner'

/** Asks for confirmation before an action that can't be undone. Open while it is rendered. */
export function AlertDialog({
  onClose,
  title,
  children,
  keep,
  confirm,
  pending,
  pendingText,
  onConfirm,
}: {
  onClose: () => void
  title: string
  children: ReactNode
  keep: string
  confirm: string
  pending: boolean
  pendingText: string
  onConfirm: () => void
}) {
  const returnFocus = useReturnFocus()
  return (
    <Primitive.Root open onOpenChange={() => !pending && onClose()}>
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 bg-overlay" />
        <Primitive.Content
          onCloseAutoFocus={returnFocus}
          className="appear fixed top-1/2 left-1/2 z-50 grid w-[min(28rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 gap-5 rounded-xl bg-card p-6 shadow-card"
        >
          <div className="grid gap-2">
            <Primitive.Title className="type-display text-2xl">{title}</Primitive.Title>
            <Primitive.Description asChild>
              <div className="text-soft">{children}</div>
            </Primitive.Description>
          </div>
          <div className="flex flex-col-reverse gap-2.5 sm:flex-row sm:justify-end">
            <Primitive.Cancel asChild>
              <Button variant="outline" disabled={pending}>
                {keep}
              </Button>
            </Primitive.Cancel>
            <Button variant="danger" disabled={pending} onClick={onConfirm}>
              {pending && <Spinner />}
              <span>{pending ? pendingText : confirm}</span>
            </Button>
          </div>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}
