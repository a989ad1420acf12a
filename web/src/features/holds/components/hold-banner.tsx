import { Hourglass } from 'lucide-react'
import { ButtonLink } from '@/components/ui/button-link'
import type { Hold } from '@/lib/api/types'
import { useEvent } from '@/lib/get-event'
import { paths } from '@/lib/paths'
import { quantityOf } from '@/lib/sale'
import { banner as text } from '../strings'
import { Countdown } from './countdown'

/** What is set aside for the user, with the time left and the way to it. */
export function HoldBanner({ holds }: { holds: Hold[] }) {
  return (
    <aside
      aria-label={text.label}
      data-slot="hold-banner"
      className="sticky top-18 z-20 mb-section rounded-ticket border border-stamp bg-stamp-wash shadow-card print:hidden"
    >
      {/* Announced when it arrives, without the seconds. */}
      <ul aria-live="polite" className="divide-y">
        {holds.map((hold) => (
          <BannerItem key={hold.id} hold={hold} />
        ))}
      </ul>
    </aside>
  )
}

function BannerItem({ hold }: { hold: Hold }) {
  const { data: event } = useEvent(hold.eventId)
  const tell = hold.offered ? text.offer : text.hold
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5">
      <Hourglass aria-hidden className="size-5 shrink-0 text-stamp max-sm:hidden" />
      <p className="min-w-0 grow basis-48">
        {tell(quantityOf(hold.lines))} <bdi className="font-semibold">{event?.title ?? text.event}</bdi>
      </p>
      <p aria-live="off" className="type-display text-2xl">
        <Countdown until={hold.expiresAt} />
      </p>
      <ButtonLink href={`${paths.event(hold.eventId)}#tickets`} prefetch={false}>
        {hold.offered ? text.open : text.pay}
      </ButtonLink>
    </li>
  )
}
