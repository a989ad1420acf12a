'use client'

import { EventFormSkeleton } from '@/features/events/components/event-form-skeleton'
import { MemberPage } from '@/features/session/components/member-page'
import { lazyView } from '@/lib/lazy-view'

const View = lazyView(() => import('./edit-view'))

export function EditPage() {
  return <MemberPage role="organizer" view={View} skeleton={<EventFormSkeleton />} />
}
