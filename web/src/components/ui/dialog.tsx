'use client'

import * as Primitive from '@radix-ui/react-dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { strings } from '@/lib/strings'
import { Button } from './button'
import { useReturnFocus } from './return-focus'

/** Open while it is rendered. */
export function Dialog({
  onClose,
  title,
  description,
  children,
}: {
  onClose: () => void
  title: string
  description: string
  children: ReactNode
}) {
  const returnFocus = useReturnFocus()
  return (
    <Primitive.Root open onOpenChange={onClose}>
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 bg-overlay" />
        <Primitive.Content
          onCloseAutoFocus={returnFocus}
          className="appear fixed top-1/2 left-1/2 z-50 max-h-[calc(100dvh-2rem)] w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-xl bg-card p-6 shadow-card"
        >
          <Primitive.Title className="type-display pr-10 text-2xl">{title}</Primitive.Title>
          <Primitive.Description className="mt-1 wrap-anywhere text-soft">
            {description}
          </Primitive.Description>
          {children}
          <Primitive.Close asChild>
            <Button variant="quiet" size="icon" aria-label={strings.close} className="absolute top-3 right-3">
              <X aria-hidden />
            </Button>
          </Primitive.Close>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}
