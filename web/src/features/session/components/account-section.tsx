import { useId, type ReactNode } from 'react'

/** A part of the account page: what it is about, and beside it what can be done. */
export function AccountSection({
  title,
  about,
  children,
}: {
  title: string
  about: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className="grid grid-cols-1 gap-x-10 gap-y-5 rounded-ticket border bg-card p-5 sm:p-7 md:grid-cols-[14rem_1fr]"
    >
      <div className="grid content-start gap-1.5">
        <h2 id={id} className="type-display text-2xl">
          {title}
        </h2>
        <p className="text-sm text-soft">{about}</p>
      </div>
      <div className="grid max-w-md grid-cols-1 content-start gap-5">{children}</div>
    </section>
  )
}
