import { cx } from 'class-variance-authority'
import { CircleAlert, CircleCheck } from 'lucide-react'
import type { ComponentProps } from 'react'

/** A message in its own box: why a form was rejected, or that something is in order. */
export function Alert({
  children,
  tone = 'bad',
  ...props
}: ComponentProps<'div'> & { tone?: 'bad' | 'good' }) {
  const Icon = tone === 'bad' ? CircleAlert : CircleCheck
  return (
    <div
      role="alert"
      data-slot="alert"
      className={cx(
        'flex items-start gap-2.5 rounded-md px-3.5 py-3 text-ui font-medium',
        tone === 'bad' ? 'bg-bad-wash text-bad' : 'bg-good-wash text-good',
      )}
      {...props}
    >
      <Icon aria-hidden className="mt-0.5 size-4.5 shrink-0" />
      <div>{children}</div>
    </div>
  )
}
