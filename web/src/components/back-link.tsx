import { ArrowLeft } from 'lucide-react'
import Link from 'next/link'

/** A link above the title, back to the list that the page belongs to. */
export function BackLink({ href, children }: { href: string; children: string }) {
  return (
    <Link
      href={href}
      className="-mt-3 inline-flex min-h-11 items-center gap-2 justify-self-start rounded-md font-semibold text-soft hover:text-ink"
    >
      <ArrowLeft aria-hidden className="size-4.5" />
      {children}
    </Link>
  )
}
