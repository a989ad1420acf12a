'use client'

import { useState, type ComponentType } from 'react'
import type { User } from '@/lib/api/types'
import { useSession } from '@/lib/session/store'
import { loadCode } from '@/lib/load-code'
import { usePreload } from '@/lib/preload'
import { AccountButton } from './account-button'

// The menu is opened rarely and is large: it comes after the page.
const load = () => import('./account-menu')

export function Account() {
  const user = useSession((s) => s.user)
  const [Menu, setMenu] = useState<ComponentType<{ user: User }>>()
  usePreload(load)
  // Not React's `lazy`, which would take the header down with it when loading fails, and never ask again.
  const open = () =>
    loadCode(load).then(
      (menu) => setMenu(() => menu.default),
      () => undefined, // the next click asks again
    )
  if (!user) return <span aria-hidden className="block size-11" />
  return Menu ? (
    <Menu user={user} />
  ) : (
    <AccountButton user={user} aria-expanded={false} onClick={() => void open()} />
  )
}
