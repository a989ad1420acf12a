import { useId, type ReactNode } from 'react'

/** A section of the page with a heading. */
export function Panel({ title, children }: { title: string; children: ReactNode }) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="panel grid grid-cols-1 content-start gap-group">
      <h2 id={id} className="type-display text-2xl">
        {title}
      </h2>
      {children}
    </section>
  )
}
