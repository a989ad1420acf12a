import type { Metadata } from 'next'
import { Logo } from '@/components/logo'
import { buttonVariants } from '@/components/ui/button'
import { paths } from '@/lib/paths'
import { strings } from '@/lib/strings'

const texts = strings.notFound

export const metadata: Metadata = { title: `${texts.title} · Boxoffice` }

export default function NotFound() {
  return (
    <>
      {/* Every page loads the code of this one, so links are plain. */}
      <header className="border-b bg-card">
        <div className="page flex h-16 items-center">
          <a
            href={paths.events}
            aria-label="Boxoffice"
            className="flex min-h-11 items-center gap-2 rounded-md"
          >
            <Logo className="size-8 text-stamp" />
            <span className="type-display text-2xl">Boxoffice</span>
          </a>
        </div>
      </header>
      <main id="content" className="page py-section">
        <div className="ticket flex max-w-2xl">
          <div
            aria-hidden
            className="type-display grid w-(--tear) shrink-0 place-items-center rounded-l-ticket bg-stub text-3xl sm:text-4xl"
          >
            404
          </div>
          <div className="grid justify-items-start gap-group p-5 sm:p-8">
            <h1 className="type-display text-3xl sm:text-4xl">{texts.title}</h1>
            <p className="text-pretty text-soft">{texts.body}</p>
            <a href={paths.events} className={buttonVariants()}>
              {texts.action}
            </a>
          </div>
          <span aria-hidden className="ticket-edge" />
        </div>
      </main>
    </>
  )
}
