import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Duplex } from 'node:stream'
import { recordComplaints } from './complaints'
import { card, customer, expect, NEW_PASSWORD, schedule, test, toast, web, type Page } from './fixtures'

const root = new URL('../../', import.meta.url).pathname
const dist = join(root, 'web/dist')

/** A program with the pages of another build: its id and the names of all its code are others. */
function otherProgram(dir: string): string {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const isCode = (path: string) => /\/_next\/static\/chunks\/[^/]+\.(js|css)$/.test(path)
  const codes = files.filter(isCode).map((path) => path.split('/').at(-1)!)
  const buildId = readdirSync(join(dist, '_next/static')).find((name) => /^[0-9a-f]{16}$/.test(name))!
  const names = new RegExp([buildId, ...codes].map((name) => name.replaceAll('.', '\\.')).join('|'), 'g')
  const rename = (text: string) =>
    text.replace(names, (name) => (name === buildId ? [...name].reverse().join('') : `other-${name}`))

  const overlay: Record<string, string> = {}
  for (const path of files) {
    overlay[path] = ''
    if (/\.(br|gz)$/.test(path)) continue // of the build as it was
    const name = rename(relative(dist, path))
    const copy = join(dir, 'pages', name)
    mkdirSync(dirname(copy), { recursive: true })
    const isText = /\.(html|txt|js|css|json)$/.test(path)
    writeFileSync(copy, isText ? rename(readFileSync(path, 'utf8')) : readFileSync(path))
    overlay[join(dist, name)] = copy
  }
  writeFileSync(join(dir, 'overlay.json'), JSON.stringify({ Replace: overlay }))
  const program = join(dir, 'boxoffice')
  const options = ['build', '-overlay', join(dir, 'overlay.json'), '-o', program, './cmd/boxoffice']
  execFileSync('go', options, { cwd: root, stdio: 'inherit' })
  return program
}

/** Serves the pages of a program, in front of the API of the one that all tests use. */
async function serve(program: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = spawn(program, ['web'], {
    cwd: dirname(program),
    env: {
      NODE_ENV: 'production',
      PATH: process.env.PATH,
      DATA_DIR: dirname(program),
      WEB_PORT: '0',
      NEXT_PUBLIC_API_URL: process.env.API_URL,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  let printed = ''
  const url = await new Promise<string>((resolve, reject) => {
    server.once('exit', () => reject(new Error(`the program ended: ${printed}`)))
    server.stdout.on('data', (data: Buffer) => {
      printed += data.toString()
      const [found] = /http:\S+/.exec(printed) ?? []
      if (found) resolve(found)
    })
  })
  return { url, stop: () => (server.kill('SIGTERM'), ended) }
}

/** A balancer that sends requests to its servers in turn, and knows nothing of sessions. */
async function balance(...servers: string[]) {
  const counts = servers.map(() => 0)
  let next = 0
  const choose = () => {
    const i = next++ % servers.length
    counts[i]!++
    return new URL(servers[i]!)
  }
  const sockets = new Set<Duplex>()
  const balancer = createServer((request, response) => {
    const { hostname, port } = choose()
    const { method, headers, url: path } = request
    const onward = forward({ hostname, port, method, headers, path }, (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  balancer.on('upgrade', ({ method, url: path, rawHeaders }, socket, head) => {
    const { hostname, port } = choose()
    const onward = connect(Number(port), hostname, () => {
      const fields = rawHeaders.map((part, i) => part + (i % 2 ? '\r\n' : ': ')).join('')
      onward.write(`${method} ${path} HTTP/1.1\r\n${fields}\r\n`)
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    sockets.add(socket.on('close', () => onward.destroy()))
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => balancer.listen(0, 'localhost', resolve))
  const { port } = balancer.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    counts,
    stop: () => {
      balancer.close()
      balancer.closeAllConnections()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Signs in, searches, books and looks at the booking. */
async function visit(page: Page, url: string): Promise<void> {
  const [event, { email }] = await Promise.all([schedule(), customer()])
  const complaints = await recordComplaints(page)
  const loads: string[] = []
  page.on('request', (request) => request.isNavigationRequest() && loads.push(request.url()))

  await page.goto(url + '/login')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('article').first()).toBeVisible()
  await page.getByRole('searchbox').click()
  await page.keyboard.type(event.title, { delay: 20 })
  await expect(page.getByRole('article')).toHaveCount(1)
  await expect(page.getByRole('searchbox')).toHaveValue(event.title)
  await card(page, event).getByRole('link', { name: event.title }).click()
  await page.getByRole('button', { name: /^Book Now/ }).click()
  await expect(toast(page, `Successfully booked ${event.title}!`)).toBeVisible()
  await page.getByRole('link', { name: 'My bookings' }).click()
  await expect(card(page, event)).toContainText('Confirmed')

  expect(await complaints()).toEqual([])
  // Each page is loaded once, when the router has found another build, and once more at most.
  expect(loads.length, loads.join(' ')).toBeLessThanOrEqual(8)
}

test('two builds behind one balancer serve one page after another', async ({ page, refusals }) => {
  refusals(404, '/_next/static/')
  refusals('because its MIME type', '/') // of the same answers
  refusals('was preloaded', '/') // for the page of the other build
  refusals('WebSocket is closed before', '/_next/static/') // by leaving the page
  refusals('ChunkLoadError', '/_next/static/') // which the router then loads in full
  const dir = mkdtempSync(join(tmpdir(), 'boxoffice-builds-'))
  const other = await serve(otherProgram(dir))
  const balancer = await balance(process.env.WEB_URL!, other.url)
  try {
    await visit(page, balancer.url)
    expect(Math.min(...balancer.counts), 'both got requests').toBeGreaterThan(20)
  } finally {
    await page.close()
    balancer.stop()
    await other.stop()
    rmSync(dir, { recursive: true })
  }
})

test('code that no server has is asked for again, and the page is loaded anew once', async ({
  page,
  refusals,
}) => {
  refusals(404, '/_next/static/')
  refusals('because its MIME type', '/')
  const asked = { pages: 0, code: 0, checks: 0 }
  await page.route('**/*', async (route) => {
    const request = route.request()
    const isMissing = request.url().includes('/chunks/turbopack-')
    if (request.isNavigationRequest()) asked.pages++
    if (request.method() === 'HEAD') asked.checks++
    if (isMissing) asked.code++
    if (isMissing) await route.fulfill({ status: 404, contentType: 'text/plain', body: '404 page not found' })
    else await route.continue()
  })
  await page.goto(web() + '/login')
  await expect.poll(() => asked.checks, 'both loads have found that nobody has it').toBe(2)
  await page.waitForLoadState('networkidle')
  expect(asked).toEqual({ pages: 2, code: 26, checks: 2 })
})
