'use client'

import { CalendarPlus, Webhook } from 'lucide-react'
import { Suspense } from 'react'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { ButtonLink } from '@/components/ui/button-link'
import { DeskList, DeskListSkeleton } from '@/features/desk/components/desk-list'
import { list as text } from '@/features/desk/strings'
import { paths } from '@/lib/paths'
import { useSession } from '@/lib/session/store'

export default function DeskPage() {
  const isOrganizer = useSession((s) => s.user?.role === 'organizer' || s.user?.role === 'admin')
  const schedule = isOrganizer && (
    <ButtonLink variant="outline" href={paths.newEvent}>
      <CalendarPlus aria-hidden />
      {text.schedule}
    </ButtonLink>
  )
  return (
    <div className="grid grid-cols-1 gap-6">
      <PageTitle>{text.title}</PageTitle>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="grid gap-tight">
          <PageHeading>{text.title}</PageHeading>
          <p className="max-w-prose text-soft">{text.lead}</p>
        </div>
        {isOrganizer && (
          <div className="flex flex-wrap gap-2.5">
            <ButtonLink variant="outline" href={paths.webhooks}>
              <Webhook aria-hidden />
              {text.webhooks}
            </ButtonLink>
            {schedule}
          </div>
        )}
      </div>
      {/* The query of the URL is not known when the page is exported. */}
      <Suspense fallback={<DeskListSkeleton />}>
        <DeskList action={schedule} />
      </Suspense>
    </div>
  )
}
