import Link from 'next/link'
import { PageTitle } from '@/components/page-title'
import { paths } from '@/lib/paths'
import { strings } from '@/lib/strings'

/**
 * The guard in the head redirects to the events or to the sign-in page; this content is for
 * browsers without scripts.
 */
export default function RootPage() {
  return (
    <main id="content" className="grid min-h-dvh place-items-center">
      <PageTitle />
      <noscript>
        <p className="p-8">{strings.needsScripts}</p>
      </noscript>
      <Link href={paths.login} prefetch={false} className="sr-only">
        {strings.signIn}
      </Link>
    </main>
  )
}
