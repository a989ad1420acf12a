// Shows My bookings without a network, from what that page has kept: see offline.ts. It has no files of a
// build itself, so an update finds nothing old in it.
const PAGE = '/bookings'
const CACHE = 'boxoffice.tickets'
const PATIENCE = 4_000 // milliseconds, until a network that does not answer counts as none

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  if (request.mode === 'navigate' && pathname === PAGE) event.respondWith(page(request))
  // Their names change with their content.
  else if (pathname.startsWith('/_next/static/'))
    event.respondWith(kept(request.url).then((found) => found ?? fetch(request)))
})

const kept = async (url) => (await caches.open(CACHE)).match(url)

async function page(request) {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), PATIENCE)
  try {
    const response = await fetch(request, { signal: limit.signal })
    return response.status < 500 ? response : ((await kept(PAGE)) ?? response)
  } catch {
    return (await kept(PAGE)) ?? Response.error()
  } finally {
    clearTimeout(timer)
  }
}
