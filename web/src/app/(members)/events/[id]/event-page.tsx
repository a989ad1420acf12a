'use client'

import { EventDetailsSkeleton } from '@/features/events/components/event-details-skeleton'
import { MemberPage } from '@/features/session/components/member-page'
import { lazyView } from '@/lib/lazy-view'

const View = lazyView(() => import('./event-view'))

export function EventPage() {
  return <MemberPage view={View} skeleton={<EventDetailsSkeleton />} />
}
