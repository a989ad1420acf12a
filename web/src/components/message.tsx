import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { PageHeading } from './page-heading'

/**
 * Replaces missing content: nothing found, nothing yet, or an error. It always offers the next
 * step.
 */
export function Message({
  icon: Icon,
  title,
  children,
  action,
  role,
  isPage = false,
}: {
  icon: LucideIcon
  title: string
  children: ReactNode
  action?: ReactNode
  role?: 'alert'
  /** The message is the whole page, so its title is the heading. */
  isPage?: boolean
}) {
  return (
    <section
      role={role}
      className="grid justify-items-center gap-4 rounded-ticket border border-dashed border-control px-6 py-14 text-center text-pretty"
    >
      <span className="grid size-14 place-items-center rounded-full bg-stub">
        <Icon aria-hidden className="size-6" />
      </span>
      <div className="grid max-w-md gap-1.5">
        {isPage ? (
          <PageHeading className="text-3xl">{title}</PageHeading>
        ) : (
          <h2 className="type-display text-2xl">{title}</h2>
        )}
        <p className="text-soft">{children}</p>
      </div>
      {action}
    </section>
  )
}
