'use client'

import { AuditSkeleton } from './audit-skeleton'
import { MemberPage } from '@/features/session/components/member-page'
import { lazyView } from '@/lib/lazy-view'

const View = lazyView(() => import('./audit-view'))

export function AuditPage() {
  return <MemberPage role="auditor" view={View} skeleton={<AuditSkeleton />} />
}
