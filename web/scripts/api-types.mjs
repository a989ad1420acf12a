// Generates src/lib/api/schema.d.ts from the OpenAPI document that `boxoffice openapi` prints. With
// --check, fails when the file is out of date.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTypes, { astToString } from 'openapi-typescript'

const root = new URL('../../', import.meta.url).pathname
const file = new URL('../src/lib/api/schema.d.ts', import.meta.url)

const document = process.env.BOXOFFICE
  ? execFileSync(process.env.BOXOFFICE, ['openapi'])
  : execFileSync('go', ['run', './cmd/boxoffice', 'openapi'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
const types =
  '// Generated from the description of the API by `npm run generate`. Not to be changed by hand.\n\n' +
  astToString(await openapiTypes(JSON.parse(document.toString())))

if (!process.argv.includes('--check')) writeFileSync(file, types)
else if (readFileSync(file, 'utf8') !== types) {
  process.stderr.write('src/lib/api/schema.d.ts is not up to date with the API: npm run generate\n')
  process.exit(1)
}
