'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { buttonVariants } from '@/components/ui/button'
import { strings } from '@/lib/strings'

const texts = strings.pages

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
  const link = (to: number, text: 'previous' | 'next') => {
    const inside = (
      <>
        {text === 'previous' && <ChevronLeft aria-hidden />}
        <span>{texts[text]}</span>
        {text === 'next' && <ChevronRight aria-hidden />}
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
        rel={text === 'next' ? 'next' : 'prev'}
        className={className}
        onClick={() => document.getElementById('content')?.focus({ preventScroll: true })}
      >
        {inside}
      </Link>
    )
  }
  return (
    <nav aria-label={texts.label} className="flex items-center justify-between gap-tight text-center">
      {link(page - 1, 'previous')}
      <p className="text-sm text-soft">
        {texts.page} <span className="font-semibold text-ink">{page}</span> {texts.of} <span>{pages}</span>
      </p>
      {link(page + 1, 'next')}
    </nav>
  )
}
