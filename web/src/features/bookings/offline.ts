import { hasSessionHint } from '@/lib/session/hint'
import { forgetTickets, TICKET_CACHE } from '@/lib/kept-tickets'
import { paths } from '@/lib/paths'

/**
 * Keeps this page, as it was loaded, for use without a network, and has the service worker serve it
 * then. Over plain http browsers have neither; all else works there.
 */
export async function keepPage(): Promise<void> {
  // eslint-disable-next-line no-restricted-properties -- checked
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!workers || typeof caches === 'undefined') return
  // What a ticket opens is needed too.
  await Promise.all([
    import('./components/next-ticket'),
    import('./components/ticket-dialog'),
    import('./calendar'),
  ])
  await workers.register('/sw.js', { scope: paths.bookings })
  const page = await fetch(paths.bookings, { cache: 'no-cache' })
  const html = await page.clone().text()
  if (!page.ok || !html.includes(process.env.BUILD_ID!)) return // of another build than these scripts

  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
  const named = html.match(/\/_next\/static\/[\w./~-]+\.\w+/g) ?? []
  const files = new Set([...loaded, ...named].filter((path) => path.startsWith('/_next/static/')))
  const cache = await caches.open(TICKET_CACHE)
  const there = new Map((await cache.keys()).map((request) => [new URL(request.url).pathname, request]))
  await cache.addAll([...files].filter((path) => !there.has(path)))
  await cache.put(paths.bookings, page)
  for (const [path, request] of there)
    if (path !== paths.bookings && !files.has(path)) await cache.delete(request)
  if (!hasSessionHint()) forgetTickets() // the user has signed out meanwhile
}
