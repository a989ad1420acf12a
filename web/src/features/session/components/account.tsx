'use client'

import { lazy, Suspense, useState } from 'react'
import { useSession } from '@/lib/session/store'
import { AccountButton } from './account-button'

// The menu is opened rarely and is large: it is fetched when somebody reaches for it.
const load = () => import('./account-menu')
const AccountMenu = lazy(load)

export function Account() {
  const user = useSession((s) => s.user)
  const [wanted, setWanted] = useState(false)
  if (!user) return <span aria-hidden className="block size-11" />
  const button = (
    <AccountButton
      user={user}
      aria-expanded={false}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setWanted(true)}
    />
  )
  return wanted ? (
    <Suspense fallback={button}>
      <AccountMenu user={user} />
    </Suspense>
  ) : (
    button
  )
}
