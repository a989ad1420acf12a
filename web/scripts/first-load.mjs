// Prints the size of the JavaScript that each exported page loads first, in bytes of gzip and of brotli, which
// browsers get over https. Browsers that support modules skip "nomodule".
import { readFile } from 'node:fs/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const compressions = {
  gzip: (data) => gzipSync(data, { level: 9 }),
  brotli: (data) => brotliCompressSync(data), // at the best quality, which is the default
}

const out = new URL('../out/', import.meta.url)

/**
 * The scripts that a page loads at first, by their paths in the export.
 * @param {string} page
 */
export async function firstScripts(page) {
  const html = await readFile(new URL(`${page}.html`, out), 'utf8')
  return new Set(
    [...html.matchAll(/<script([^>]*)\ssrc="\/([^"]+)"([^>]*)>/g)]
      .filter(([, before, , after]) => !/nomodule/i.test(before + after))
      .map(([, , source]) => source),
  )
}

/**
 * @param {string} page
 * @param {keyof compressions} compression
 */
export async function firstLoad(page, compression = 'gzip') {
  let bytes = 0
  for (const source of await firstScripts(page))
    bytes += compressions[compression](await readFile(new URL(source, out))).length
  return bytes
}

export const pages = [
  'login',
  'register',
  'events',
  'events/_',
  'events/_/edit',
  'events/new',
  'bookings',
  'desk',
  'desk/_',
  'audit',
  'audit/_',
  '404',
]

if (process.argv[1] === new URL(import.meta.url).pathname)
  for (const page of pages)
    process.stdout.write(`${page.padEnd(16)}${await firstLoad(page)}  ${await firstLoad(page, 'brotli')}\n`)
