'use client'

import { LogOut, UserRound } from 'lucide-react'
import { useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { ButtonLink } from '@/components/ui/button-link'
import { paths } from '@/lib/paths'
import { signOut } from '@/lib/session/session'
import { useSession } from '@/lib/session/store'
import { header } from '../strings/header'

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return [words[0], words.length > 1 ? words.at(-1) : '']
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase()
}

/** Who is signed in, and the way out. */
export function Account() {
  const user = useSession((s) => s.user)
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  if (!user) return <span aria-hidden className="block size-11" />
  return (
    <div
      className="relative"
      onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)}
      onKeyDown={(e) => {
        if (e.key !== 'Escape') return
        setOpen(false)
        button.current?.focus()
      }}
    >
      <Button
        ref={button}
        variant="quiet"
        size="icon"
        aria-label={header.accountOf(user.name)}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden className="grid size-8 place-items-center rounded-full bg-stub text-sm font-bold">
          {initials(user.name)}
        </span>
      </Button>
      {isOpen && (
        // Focusable, so that a click on its text does not close it.
        <div
          tabIndex={-1}
          className="appear absolute top-full right-0 mt-2 grid w-max max-w-[calc(100vw-2rem)] min-w-56 gap-1.5 rounded-lg border bg-card p-1.5 shadow-card outline-none"
        >
          <div className="border-b px-3 pt-2 pb-3 text-sm">
            <p className="font-semibold">
              <bdi>{user.name}</bdi>
            </p>
            <p className="wrap-anywhere text-soft">{user.email}</p>
            {user.role !== 'customer' && (
              <p className="type-label mt-1 text-soft">{header.roles[user.role]}</p>
            )}
          </div>
          <ButtonLink
            href={paths.account}
            variant="quiet"
            className="justify-start"
            onClick={() => setOpen(false)}
          >
            <UserRound aria-hidden />
            {header.account}
          </ButtonLink>
          <Button variant="quiet" className="justify-start" onClick={() => void signOut()}>
            <LogOut aria-hidden />
            {header.signOut}
          </Button>
        </div>
      )}
    </div>
  )
}
