'use client'

import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'
import { Webhooks } from '@/features/webhooks/components/webhooks'
import { texts } from '@/features/webhooks/strings'

export default function WebhooksPage() {
  return (
    <div className="grid max-w-4xl grid-cols-1 gap-section">
      <PageTitle>{texts.title}</PageTitle>
      <div className="grid gap-tight">
        <PageHeading>{texts.title}</PageHeading>
        <p className="max-w-prose text-soft">{texts.lead}</p>
      </div>
      <Webhooks />
    </div>
  )
}
