// Copies the export to the directory that the Go program embeds, with a compressed copy of each
// file that gets smaller.
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const from = new URL('../out/', import.meta.url).pathname
const to = new URL('../dist/', import.meta.url).pathname

for (const name of await readdir(to)) if (name !== '.keep') await rm(join(to, name), { recursive: true })
await cp(from, to, { recursive: true })

// `make` builds with less than the best, which takes 10 s of a processor for files a tenth smaller.
const quality = Number(process.env.BROTLI_QUALITY ?? constants.BROTLI_MAX_QUALITY)
const brotli = (data) =>
  promisify(brotliCompress)(data, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } })
const entries = await readdir(to, { recursive: true, withFileTypes: true })
await Promise.all(
  entries
    .filter((entry) => entry.isFile() && /\.(html|txt|js|css|svg|json|map|wasm)$/.test(entry.name))
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
