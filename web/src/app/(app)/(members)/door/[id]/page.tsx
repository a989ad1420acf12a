'use client'

import { useEffect } from 'react'
import { Door, DoorSkeleton } from '@/features/door/components/door'
import { usePathId } from '@/lib/address'
import { paths } from '@/lib/paths'

export default function DoorPage() {
  const id = usePathId()
  const isOwnDocument = useOwnDocument()
  return id && isOwnDocument ? <Door key={id} id={id} /> : <DoorSkeleton />
}

/**
 * Only the document of this page may use the camera, so one that was loaded for another page is
 * replaced.
 */
function useOwnDocument(): boolean {
  const [navigation] = typeof performance === 'undefined' ? [] : performance.getEntriesByType('navigation')
  const isOwn = !navigation || new URL(navigation.name).pathname.startsWith(paths.door(''))
  useEffect(() => {
    if (!isOwn) location.reload()
  }, [isOwn])
  return isOwn
}
