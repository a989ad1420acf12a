'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import type { MouseEvent } from 'react'
import { buttonVariants } from '@/components/ui/button'
import { isPlainClick } from '@/lib/plain-click'

/** Real links, so that pages can be opened in new tabs. A plain click does not navigate. */
export function Pagination({
  page,
  pages,
  href,
  onPage,
}: {
  page: number
  pages: number
  href: (page: number) => string
  onPage: (page: number) => void
}) {
  if (pages <= 1) return null
  const link = (to: number, text: 'Previous' | 'Next') => {
    const inside = (
      <>
        {text === 'Previous' && <ChevronLeft aria-hidden />}
        {text}
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
    const click = (e: MouseEvent) => {
      if (!isPlainClick(e)) return
      e.preventDefault()
      onPage(to)
    }
    return (
      <a href={href(to)} onClick={click} rel={text === 'Next' ? 'next' : 'prev'} className={className}>
        {inside}
      </a>
    )
  }
  return (
    <nav aria-label="Pages" className="flex items-center justify-between gap-4">
      {link(page - 1, 'Previous')}
      <p className="text-sm text-soft">
        Page <span className="font-semibold text-ink">{page}</span> of {pages}
      </p>
      {link(page + 1, 'Next')}
    </nav>
  )
}
