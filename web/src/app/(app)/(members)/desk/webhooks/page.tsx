'use client'

import { BackLink } from '@/components/back-link'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { event as desk } from '@/features/desk/strings'
import { Webhooks } from '@/features/webhooks/components/webhooks'
import { texts } from '@/features/webhooks/strings'
import { paths } from '@/lib/paths'

export default function WebhooksPage() {
  return (
    <div className="grid max-w-4xl grid-cols-1 gap-section">
      <PageTitle>{texts.title}</PageTitle>
      <BackLink href={paths.desk}>{desk.back}</BackLink>
      <div className="grid gap-tight">
        <PageHeading>{texts.title}</PageHeading>
        <p className="max-w-prose text-soft">{texts.lead}</p>
      </div>
      <Webhooks />
    </div>
  )
}
