import { keepPage } from '@/lib/keep-page'
import { DOOR_CACHE, forgetDoor } from '@/lib/kept-door'
import { paths } from '@/lib/paths'
import { wasm } from './scanner'

/** Keeps this page with what an undo and the camera open. */
export async function keepDoorPage(eventId: string): Promise<void> {
  await Promise.all([import('./components/undo-dialog'), import('./components/camera')])
  await keepPage({
    path: paths.door(eventId),
    kept: paths.doors, // one page for all events
    scope: paths.door(''),
    cache: DOOR_CACHE,
    forget: forgetDoor,
    also: [wasm.pathname],
  })
}
