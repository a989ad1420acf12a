import { keepPage } from '@/lib/keep-page'
import { DOOR_CACHE, forgetDoor } from '@/lib/kept-door'
import { paths } from '@/lib/paths'

/** Keeps this page with what an undo opens. What the camera needs is kept once it was used. */
export async function keepDoorPage(eventId: string): Promise<void> {
  await import('./components/undo-dialog')
  await keepPage({
    path: paths.door(eventId),
    kept: '/door', // one page for all events
    scope: '/door/',
    cache: DOOR_CACHE,
    forget: forgetDoor,
  })
}
