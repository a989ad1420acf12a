// Shows My bookings and the doors of events without a network, from what those pages have kept: see
// keep-page.ts. It has no files of a build itself, so an update finds nothing old in it.
const KEPT = [
  [/^\/bookings$/, '/bookings'],
  [/^\/door\//, '/door'], // all doors are one page
]
const PATIENCE = 4_000 // milliseconds, until a network that does not answer counts as none

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  const page = KEPT.find(([path]) => path.test(pathname))
  if (request.mode === 'navigate' && page) event.respondWith(shown(request, page[1]))
  // Their names change with their content.
  else if (pathname.startsWith('/_next/static/'))
    event.respondWith(caches.match(request.url).then((found) => found ?? fetch(request)))
})

async function shown(request, kept) {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), PATIENCE)
  try {
    const response = await fetch(request, { signal: limit.signal })
    return response.status < 500 ? response : ((await caches.match(kept)) ?? response)
  } catch {
    return (await caches.match(kept)) ?? Response.error()
  } finally {
    clearTimeout(timer)
  }
}
