import Link from 'next/link'
import type { ComponentProps } from 'react'
import { buttonVariants, type ButtonVariants } from './button'

/** A link that looks like a button. */
export function ButtonLink({
  className,
  variant,
  size,
  ...props
}: ComponentProps<typeof Link> & ButtonVariants) {
  return <Link className={buttonVariants({ variant, size, className })} {...props} />
}
