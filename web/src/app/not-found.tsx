import type { Metadata } from 'next'
import { Logo } from '@/components/logo'
import { buttonVariants } from '@/components/ui/button'
import { paths } from '@/lib/paths'

export const metadata: Metadata = { title: 'Page not found · Boxoffice' }

export default function NotFound() {
  return (
    <main id="content" className="grid min-h-dvh place-items-center px-4 py-16">
      <div className="grid max-w-lg justify-items-center gap-5 text-center">
        <Logo className="size-12 text-stamp" />
        <h1 className="type-display text-5xl">This page doesn’t exist</h1>
        <p className="text-soft">The address may be mistyped, or the page has moved.</p>
        {/* Every page loads the code of this one, so it is only a plain link. */}
        <a href={paths.events} className={buttonVariants()}>
          Browse events
        </a>
      </div>
    </main>
  )
}
