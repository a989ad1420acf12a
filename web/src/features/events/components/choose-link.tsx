import Link from 'next/link'
import { buttonVariants } from '@/components/ui/button'
import type { Event } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { list as text } from '../strings'

/** Leads to the tickets of an event that has several to choose from. */
export function ChooseLink({ event }: { event: Event }) {
  return (
    <Link
      className={buttonVariants({ size: 'wide' })}
      href={`${paths.event(event.id)}#tickets`}
      prefetch={false}
    >
      {text.choose}
      <span className="sr-only">
        : <bdi>{event.title}</bdi>
      </span>
    </Link>
  )
}
