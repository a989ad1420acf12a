'use client'

import { EventsSkeleton } from './events-skeleton'
import { MemberPage } from '@/features/session/components/member-page'
import { lazyView } from '@/lib/lazy-view'

const View = lazyView(() => import('./events-view'))

export function EventsPage() {
  return <MemberPage view={View} skeleton={<EventsSkeleton />} />
}
