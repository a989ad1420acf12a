'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { buttonVariants } from '@/components/ui/button'

/** Links to the pages beside this one. */
export function Pagination({
  page,
  pages,
  href,
}: {
  page: number
  pages: number
  href: (page: number) => string
}) {
  if (pages <= 1) return null
  const link = (to: number, text: 'Previous' | 'Next') => {
    const inside = (
      <>
        {text === 'Previous' && <ChevronLeft aria-hidden />}
        <span>{text}</span>
        {text === 'Next' && <ChevronRight aria-hidden />}
      </>
    )
    const className = buttonVariants({ variant: 'outline' })
    if (to < 1 || to > pages)
      return (
        <span aria-disabled="true" role="link" className={`${className} border-line! text-off hover:bg-card`}>
          {inside}
        </span>
      )
    return (
      <Link
        href={href(to)}
        prefetch={false}
        rel={text === 'Next' ? 'next' : 'prev'}
        className={className}
        onClick={() => document.getElementById('content')?.focus({ preventScroll: true })}
      >
        {inside}
      </Link>
    )
  }
  return (
    <nav aria-label="Pages" className="flex items-center justify-between gap-4">
      {link(page - 1, 'Previous')}
      <p className="text-sm text-soft">
        Page <span className="font-semibold text-ink">{page}</span> of <span>{pages}</span>
      </p>
      {link(page + 1, 'Next')}
    </nav>
  )
}
