import { CircleAlert } from 'lucide-react'
import type { ComponentProps } from 'react'

/** Shows at the top of a form why it was rejected. */
export function Alert({ children, ...props }: ComponentProps<'div'>) {
  return (
    <div
      role="alert"
      data-slot="alert"
      className="flex items-start gap-2.5 rounded-md bg-bad-wash px-3.5 py-3 text-ui font-medium text-bad"
      {...props}
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4.5 shrink-0" />
      <div>{children}</div>
    </div>
  )
}
