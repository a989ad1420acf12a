import { hasSessionHint } from '@/lib/session/hint'

/**
 * Keeps a page, as it was loaded, in a cache for use without a network, and has the service worker
 * serve it then. Pages of one shell share the `kept` path. Over plain http browsers have neither; all
 * else works there.
 */
export async function keepPage(page: {
  path: string
  kept: string
  scope: string
  cache: string
  forget: () => void
  /** Files that stay if they are there. */
  also?: readonly string[]
}) {
  // eslint-disable-next-line no-restricted-properties -- checked
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!workers || typeof caches === 'undefined') return
  await workers.register('/sw.js', { scope: page.scope })
  const response = await fetch(page.path, { cache: 'no-cache' })
  const html = await response.clone().text()
  if (!response.ok || !html.includes(process.env.BUILD_ID!)) return // of another build than these scripts

  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)
  const named = html.match(/\/_next\/static\/[\w./~-]+\.\w+/g) ?? []
  const files = new Set([...loaded, ...named].filter((path) => path.startsWith(STATIC)))
  const cache = await caches.open(page.cache)
  const there = new Map((await cache.keys()).map((request) => [new URL(request.url).pathname, request]))
  await cache.addAll([...files].filter((path) => !there.has(path)))
  await cache.put(page.kept, response)
  for (const [path, request] of there)
    if (path.startsWith(STATIC) && !files.has(path) && !page.also?.includes(path)) await cache.delete(request)
  if (!hasSessionHint()) page.forget() // the user has signed out meanwhile
}

const STATIC = '/_next/static/'
