import { cx } from 'class-variance-authority'
import type { ComponentProps } from 'react'

export function Skeleton({ className, ...props }: ComponentProps<'div'>) {
  return (
    <div
      data-slot="skeleton"
      aria-hidden="true"
      className={cx('shimmer rounded bg-off-wash', className)}
      {...props}
    />
  )
}

/** Says to screen readers, from which skeletons are hidden, what is loading. */
export function Loading({ children }: { children: string }) {
  return (
    <p role="status" className="sr-only">
      {children}
    </p>
  )
}
