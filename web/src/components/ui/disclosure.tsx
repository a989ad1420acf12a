import { ChevronDown } from 'lucide-react'
import type { ReactNode } from 'react'

/** Details that are hidden until they are opened. */
export function Disclosure({ summary, children }: { summary: string; children: ReactNode }) {
  return (
    <details data-slot="disclosure" className="group rounded-md border">
      <summary className="flex min-h-11 cursor-pointer items-center justify-between gap-3 px-3.5 text-sm font-semibold">
        {summary}
        <ChevronDown aria-hidden className="size-4 shrink-0 text-soft group-open:rotate-180" />
      </summary>
      <div className="border-t">{children}</div>
    </details>
  )
}
