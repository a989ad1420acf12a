import { ButtonLink } from '@/components/ui/button-link'
import type { Event } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { list as text } from '../strings'

/** Leads to the tickets of an event that has several to choose from. */
export function ChooseLink({ event }: { event: Event }) {
  return (
    <ButtonLink size="wide" href={`${paths.event(event.id)}#tickets`} prefetch={false}>
      {text.choose}
      <span className="sr-only">
        : <bdi>{event.title}</bdi>
      </span>
    </ButtonLink>
  )
}
