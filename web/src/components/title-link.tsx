import Link from 'next/link'

/** The title of an event in a list, which leads to its page. */
export function TitleLink({ href, children }: { href: string; children: string }) {
  return (
    <Link
      href={href}
      prefetch={false}
      className="rounded-sm wrap-anywhere hover:underline hover:decoration-2 hover:underline-offset-4"
    >
      <bdi>{children}</bdi>
    </Link>
  )
}
