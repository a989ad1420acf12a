'use client'

import { lazy, Suspense, useState } from 'react'
import { useSession } from '@/lib/session/store'
import { usePreload } from '@/lib/preload'
import { AccountButton } from './account-button'

// The menu is opened rarely and is large: it comes after the page.
const load = () => import('./account-menu')
const AccountMenu = lazy(load)

export function Account() {
  const user = useSession((s) => s.user)
  const [wanted, setWanted] = useState(false)
  usePreload(load)
  if (!user) return <span aria-hidden className="block size-11" />
  const button = <AccountButton user={user} aria-expanded={false} onClick={() => setWanted(true)} />
  return wanted ? (
    <Suspense fallback={button}>
      <AccountMenu user={user} />
    </Suspense>
  ) : (
    button
  )
}
