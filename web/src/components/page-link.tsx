'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import type { ComponentProps } from 'react'

/**
 * A link that prefetches its page on hover or focus, and not while the current page is still
 * starting.
 */
export function PageLink({ href, ...props }: Omit<ComponentProps<typeof Link>, 'href'> & { href: string }) {
  const { prefetch } = useRouter()
  const fetchPage = () => prefetch(href)
  return <Link href={href} prefetch={false} onPointerEnter={fetchPage} onFocus={fetchPage} {...props} />
}
