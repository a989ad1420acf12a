'use client'

import { Copy, DoorOpen, Eye, Pencil } from 'lucide-react'
import { ButtonLink } from '@/components/ui/button-link'
import type { DeskEvent } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { may } from '../roles'
import { tools as text } from '../strings'

/** What one may do with an event, and where. */
export function DeskTools({ event: { id, role, draft, status } }: { event: DeskEvent }) {
  const links = [
    { href: paths.door(id), icon: DoorOpen, name: text.door, isShown: true },
    {
      href: paths.editEvent(id),
      icon: Pencil,
      name: text.edit,
      isShown: may(role, 'manage') && status !== 'CANCELLED',
    },
    { href: paths.event(id), icon: Eye, name: text.page, isShown: may(role, draft ? 'manage' : 'sell') },
    { href: paths.duplicateEvent(id), icon: Copy, name: text.duplicate, isShown: may(role, 'manage') },
  ]
  return (
    <nav aria-label={text.title} className="flex flex-wrap gap-2.5">
      {links.map(
        ({ href, icon: Icon, name, isShown }, i) =>
          isShown && (
            <ButtonLink key={href} href={href} prefetch={false} variant={i === 0 ? 'primary' : 'outline'}>
              <Icon aria-hidden />
              {name}
            </ButtonLink>
          ),
      )}
    </nav>
  )
}
