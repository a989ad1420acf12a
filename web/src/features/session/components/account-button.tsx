'use client'

import type { ComponentProps } from 'react'
import { Button } from '@/components/ui/button'
import type { User } from '@/lib/api/types'

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return [words[0], words.length > 1 ? words.at(-1) : '']
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase()
}

export function AccountButton({ user, ...props }: { user: User } & ComponentProps<typeof Button>) {
  return (
    <Button
      variant="quiet"
      size="icon"
      aria-label={`Account of ${user.name}`}
      aria-haspopup="menu"
      {...props}
    >
      <span aria-hidden className="grid size-8 place-items-center rounded-full bg-stub text-sm font-bold">
        {initials(user.name)}
      </span>
    </Button>
  )
}
