'use client'

import { useState, type ComponentType } from 'react'
import type { User } from '@/lib/api/types'
import { useSession } from '@/lib/session/store'
import { loadCode } from '@/lib/load-code'
import { usePreload } from '@/lib/preload'
import { AccountButton } from './account-button'

// The menu is rarely opened and large, so it is loaded after the page.
const load = () => import('./account-menu')

export function Account() {
  const user = useSession((s) => s.user)
  const [Menu, setMenu] = useState<ComponentType<{ user: User }>>()
  usePreload(load)
  // Without React's `lazy`, which would break the header when loading fails, and never try again.
  const open = () =>
    loadCode(load).then(
      (menu) => setMenu(() => menu.default),
      () => undefined, // the next click tries again
    )
  if (!user) return <span aria-hidden className="block size-11" />
  return Menu ? (
    <Menu user={user} />
  ) : (
    <AccountButton user={user} aria-expanded={false} onClick={() => void open()} />
  )
}
