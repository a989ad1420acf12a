import { cva, type VariantProps } from 'class-variance-authority'
import type { ComponentProps } from 'react'

export const buttonVariants = cva(
  'inline-flex min-h-11 shrink-0 select-none items-center justify-center gap-2 whitespace-nowrap rounded-md text-ui font-semibold transition-colors disabled:cursor-not-allowed aria-disabled:cursor-not-allowed [&_svg]:size-[1.125em] [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary:
          'bg-stamp text-on-stamp hover:bg-stamp-strong disabled:bg-off-wash disabled:text-off aria-disabled:bg-off-wash aria-disabled:text-off',
        outline:
          'border border-control bg-card text-ink hover:bg-off-wash disabled:text-off disabled:hover:bg-card',
        quiet: 'text-ink hover:bg-off-wash disabled:text-off',
        quietDanger: 'text-bad hover:bg-bad-wash disabled:text-off',
        danger: 'bg-bad text-card hover:opacity-90 disabled:bg-off-wash disabled:text-off',
        done: 'bg-good-wash text-good disabled:opacity-100',
      },
      size: { normal: 'px-4', icon: 'w-11 [&_svg]:size-5', wide: 'w-full px-4' },
    },
    defaultVariants: { variant: 'primary', size: 'normal' },
  },
)

export type ButtonVariants = VariantProps<typeof buttonVariants>

export function Button({
  className,
  variant,
  size,
  type = 'button',
  ...props
}: ComponentProps<'button'> & ButtonVariants) {
  return (
    <button
      data-slot="button"
      type={type}
      className={buttonVariants({ variant, size, className })}
      {...props}
    />
  )
}
