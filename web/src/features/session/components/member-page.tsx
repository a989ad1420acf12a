'use client'

import { Suspense, type ComponentType, type ReactNode } from 'react'
import type { User } from '@/lib/api/types'
import { Members } from './members'

/** A page for members: its skeleton until the session is known and the view is there, then the view. */
export function MemberPage({
  view: View,
  skeleton,
  role,
}: {
  view: ComponentType
  skeleton: ReactNode
  role?: User['role']
}) {
  return (
    <Members waiting={skeleton} role={role}>
      <Suspense fallback={skeleton}>
        <View />
      </Suspense>
    </Members>
  )
}
