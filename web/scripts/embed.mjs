// Copies the export to the directory that the Go program embeds, with a compressed copy of each
// file that gets smaller.
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { firstScripts, pages } from './first-load.mjs'

const from = new URL('../out/', import.meta.url).pathname
const to = new URL('../dist/', import.meta.url).pathname

for (const name of await readdir(to)) if (name !== '.keep') await rm(join(to, name), { recursive: true })
await cp(from, to, { recursive: true })

// Most of the first JavaScript of a page runs at once. Browsers that support this line compile all
// of it in the background while it downloads, instead of each function at its first call, which
// blocks the page.
const first = new Set((await Promise.all(pages.map(firstScripts))).flatMap((scripts) => [...scripts]))
for (const script of first) {
  const path = join(to, script)
  await writeFile(path, '//# allFunctionsCalledOnLoad\n' + (await readFile(path, 'utf8')))
}

const brotli = (data) => promisify(brotliCompress)(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
const entries = await readdir(to, { recursive: true, withFileTypes: true })
await Promise.all(
  entries
    .filter((entry) => entry.isFile() && /\.(html|txt|js|css|svg|json|map)$/.test(entry.name))
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const data = await readFile(path)
      for (const [suffix, compressed] of [
        ['.br', await brotli(data)],
        ['.gz', await promisify(gzip)(data, { level: 9 })],
      ])
        if (compressed.length < data.length * 0.9) await writeFile(path + suffix, compressed)
    }),
)
