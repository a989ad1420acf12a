import type { ReactNode } from 'react'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'

/** The card around the sign-in and registration forms. */
export function AuthCard({
  page,
  title,
  lead,
  children,
  footer,
}: {
  /** The title of the document. */
  page: string
  title: string
  lead: string
  children: ReactNode
  footer: ReactNode
}) {
  return (
    <div data-guests className="mx-auto grid w-full max-w-md gap-5 sm:py-6">
      <PageTitle>{page}</PageTitle>
      <div className="overflow-hidden rounded-ticket border bg-card">
        <div className="grid gap-1.5 border-b-2 border-dotted border-[color-mix(in_oklab,var(--ink)_28%,transparent)] bg-stub px-6 py-6 sm:px-8">
          <p aria-hidden className="type-label">
            Admit one
          </p>
          <PageHeading className="text-4xl">{title}</PageHeading>
          <p>{lead}</p>
        </div>
        <div className="px-6 py-7 sm:px-8">{children}</div>
      </div>
      <p className="text-center">{footer}</p>
    </div>
  )
}
