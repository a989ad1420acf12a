'use client'

import * as Primitive from '@radix-ui/react-dropdown-menu'
import type { ComponentProps } from 'react'

export const DropdownMenu = Primitive.Root
export const DropdownMenuTrigger = Primitive.Trigger

/** Rendered in place, without a portal, so that it stays within its landmark. */
export function DropdownMenuContent(props: ComponentProps<typeof Primitive.Content>) {
  return (
    <Primitive.Content
      align="end"
      sideOffset={8}
      collisionPadding={12}
      className="appear z-50 max-w-[calc(100vw-1.5rem)] min-w-56 rounded-lg border bg-card p-1.5 shadow-card"
      {...props}
    />
  )
}

export function DropdownMenuLabel(props: ComponentProps<typeof Primitive.Label>) {
  return <Primitive.Label className="px-3 py-2 text-sm" {...props} />
}

export function DropdownMenuSeparator() {
  return <Primitive.Separator className="my-1.5 border-t" />
}

export function DropdownMenuItem(props: ComponentProps<typeof Primitive.Item>) {
  return (
    <Primitive.Item
      className="flex min-h-11 items-center gap-2.5 rounded-md px-3 text-[0.9375rem] font-medium outline-none data-highlighted:bg-stamp-wash [&_svg]:size-4.5"
      {...props}
    />
  )
}
