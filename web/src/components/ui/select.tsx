import { cx } from 'class-variance-authority'
import { ChevronDown } from 'lucide-react'
import type { ComponentProps } from 'react'
import { controlClass } from './control'

/** The native select: best on phones and for assistive technology. */
export function Select({ className, ...props }: ComponentProps<'select'>) {
  return (
    <span data-slot="select" className="relative block">
      <select {...props} className={cx(controlClass, 'appearance-none pr-10 text-ellipsis', className)} />
      <ChevronDown
        aria-hidden
        className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-soft"
      />
    </span>
  )
}
