'use client'

import { StreamSkeleton } from '@/features/audit/components/stream-skeleton'
import { MemberPage } from '@/features/session/components/member-page'
import { lazyView } from '@/lib/lazy-view'

const View = lazyView(() => import('./stream-view'))

export function StreamPage() {
  return <MemberPage role="auditor" view={View} skeleton={<StreamSkeleton />} />
}
