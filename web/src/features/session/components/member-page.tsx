'use client'

import type { ReactNode } from 'react'
import type { User } from '@/lib/api/types'
import type { LazyView } from '@/lib/lazy-view'
import { Members } from './members'

/**
 * A page for members: its skeleton until the session is known and the view is loaded, then the
 * view.
 */
export function MemberPage({
  view: View,
  skeleton,
  role,
}: {
  view: LazyView
  skeleton: ReactNode
  role?: User['role']
}) {
  return (
    <Members waiting={skeleton} role={role}>
      <View waiting={skeleton} />
    </Members>
  )
}
