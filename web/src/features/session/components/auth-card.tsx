import type { ReactNode } from 'react'
import { PageHeading } from '@/components/page-heading'
import { PageTitle } from '@/components/page-title'

/** The card of the pages about accounts that need no session. */
export function AuthCard({
  page,
  label,
  title,
  lead,
  children,
  footer,
}: {
  /** The title of the document. */
  page: string
  /** A decoration above the heading. */
  label?: string
  title: string
  lead: string
  children: ReactNode
  footer?: ReactNode
}) {
  return (
    <div className="mx-auto grid w-full max-w-md gap-5 sm:py-6">
      <PageTitle>{page}</PageTitle>
      <div className="overflow-hidden rounded-ticket border bg-card">
        <div className="grid gap-1.5 border-b-2 border-dotted border-[color-mix(in_oklab,var(--ink)_28%,transparent)] bg-stub px-6 py-6 sm:px-8">
          {label && (
            <p aria-hidden className="type-label">
              {label}
            </p>
          )}
          <PageHeading key={title} className="text-4xl">
            {title}
          </PageHeading>
          <p className="wrap-anywhere">{lead}</p>
        </div>
        <div className="px-6 py-7 sm:px-8">{children}</div>
      </div>
      {footer && <p className="text-center">{footer}</p>}
    </div>
  )
}
